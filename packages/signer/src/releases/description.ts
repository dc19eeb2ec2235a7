import type { KeySet, ReleaseContent, ReleaseTarget, RoleName, RootContent } from '@stoa/protocol/release';

/** What a holder reads before the key is opened. Texts of others are told as text: no control character reaches the terminal. */
export type Line = readonly [name: string, value: string];

const ROLES: readonly RoleName[] = ['root', 'targets', 'snapshot', 'timestamp'];

/** @param before the root in force, undefined for the first */
export function describeRoot(
  next: RootContent & { sha256: string },
  before: RootContent | undefined,
): Line[] {
  const lines: Line[] = [
    ['root', `${next.version}, ends ${day(next.expiresAt)}`],
    ['hash', `${next.sha256} (compare it with the other holders)`],
  ];
  if (next.development) lines.push(['mark', 'development: never for real nodes']);
  for (const role of ROLES) lines.push(...describeRole(role, next.roles[role], before?.roles[role]));
  const { floor } = next;
  if (floor !== undefined && floor.since === next.version)
    lines.push([
      'floor',
      `nodes go back as far as ${floor.version}, by targets metadata ${floor.targets} and newer alone`,
    ]);
  return lines;
}

function describeRole(role: RoleName, next: KeySet, before: KeySet | undefined): Line[] {
  const holders = [...next.keys, ...(before?.keys ?? [])].map(({ holder }) => holder);
  if (holders.length === 0) return [[role, 'nobody yet: a later root names a hub']];
  const width = Math.max(...holders.map(({ length }) => length));
  const change =
    next.threshold === before?.threshold || before === undefined ? '' : `, was ${before.threshold}`;
  const lines: Line[] = [[role, `${next.threshold} of ${next.keys.length}${change}`]];
  for (const { id, holder } of next.keys) {
    const stays = before?.keys.some((key) => key.id === id) ?? false;
    lines.push(['', `${stays ? '=' : '+'} ${holder.padEnd(width)}  ${id}`]);
  }
  for (const { id, holder } of before?.keys ?? [])
    if (!next.keys.some((key) => key.id === id)) lines.push(['', `- ${holder.padEnd(width)}  ${id}`]);
  return lines;
}

/** @param before the release in force, undefined for the first */
export function describeRelease(
  next: ReleaseContent & { sha256: string },
  before: ReleaseContent | undefined,
): Line[] {
  const previous = before === undefined ? 'none' : `${before.release} (targets metadata ${before.version})`;
  const [first = '', ...more] = next.notes === '' ? ['none'] : next.notes.split('\n').map(plain);
  return [
    ['release', `${next.release} (targets metadata ${next.version}), ends ${day(next.expiresAt)}`],
    ['hash', `${next.sha256} (compare it with the other holders)`],
    ['previous', previous],
    ['floor', describeFloor(next.floor, before?.floor)],
    ['security', next.security ? 'yes: only a person halts its rollout' : 'no'],
    ['notes', first],
    ...more.map((line): Line => ['', line]),
    ...(next.sbom === undefined ? [] : [['components', next.sbom.sha256] as const]),
    ...describeTargets(next.targets, before?.targets ?? []),
  ];
}

function describeFloor(next: string, before: string | undefined): string {
  if (before === undefined || before === next) return next;
  return `${next}, was ${before}: what is older runs for updating only`;
}

function describeTargets(next: readonly ReleaseTarget[], before: readonly ReleaseTarget[]): Line[] {
  const known = new Map(before.map((target) => [target.path, told(target)]));
  const stays = new Set(next.map(({ path }) => path));
  const fresh = next.filter(({ path }) => !known.has(path));
  return [
    ...fresh.map((target): Line => ['+ file', told(target)]),
    ...next
      .filter(({ path }) => known.has(path))
      .map((target): Line => {
        const same = known.get(target.path) === told(target);
        return same ? ['= file', target.path] : ['~ file', told(target)];
      }),
    ...before.filter(({ path }) => !stays.has(path)).map(({ path }): Line => ['- file', path]),
  ];
}

function told({ path, length, sha256, custom }: ReleaseTarget): string {
  const needs = `Node ${custom.node}, launcher ${custom.minLauncher} or newer`;
  const base = custom.from === undefined ? '' : `, made of ${custom.from}`;
  return `${path}  ${length} bytes  ${sha256}  (${needs}${base})`;
}

function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
