import { toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { peekRoot, type TrustedRoot, verifyRoots } from '@stoa/protocol/release';
import { systemClock } from '../clock.ts';
import { iso } from '../console/format.ts';
import { HubError } from '../error.ts';
import { createLog } from '../log.ts';
import { PrivateFile } from '../private-file.ts';
import {
  blobsOf,
  type Candidate,
  checkBlob,
  createReleaseBench,
  DirectorySource,
  inspect,
  PublishError,
  type ReleaseBench,
  readRoot,
  requirePublisher,
  standingOf,
} from '../releases/index.ts';
import type { Sql } from '../seams/db-adapter/index.ts';
import { secureRandom } from '../secure-random.ts';
import { openVault, SECRETS } from '../vault/index.ts';
import { besideHub } from './beside.ts';
import { COMMAND_LINE } from './command-line.ts';
import { type CommandContext, paths } from './context.ts';
import { confirm } from './prompt.ts';
import { printable, table } from './table.ts';

/** @throws PublishError, ReleaseError: what was served before still is. */
export async function publishRelease(context: CommandContext, dir: string): Promise<void> {
  requirePublisher(context.config);
  const done = await withBench(context, (bench) =>
    bench.publisher.publish(new DirectorySource(dir), { actor: COMMAND_LINE }),
  );
  const { release, root, changed } = done;
  const what =
    release === undefined
      ? `root ${root}`
      : `targets ${release.version} (release ${release.content}), hash ${release.sha256}, under root ${root}`;
  context.out(
    context.json
      ? JSON.stringify({ ok: true, ...done })
      : changed
        ? `In force: ${what}. Nodes may install it; what they install now is a rollout's: stoa-hub rollout create`
        : `Nothing to do: ${what} is in force already.`,
  );
}

export async function verifyRelease(
  context: CommandContext,
  dir: string,
  options: { root?: string },
): Promise<void> {
  const source = new DirectorySource(dir);
  const judge = async (standing: Candidate['standing'] | undefined) =>
    inspect({ standing, source, at: systemClock.now() });
  const candidate =
    options.root === undefined
      ? await withBench(context, async ({ reader }) => judge(await reader.load()))
      : await judge(standingOf(await readRoot(options.root)));
  const blobs = candidate.targets === undefined ? [] : blobsOf(candidate.targets.release);
  for (const blob of blobs) await checkBlob(blob, source);
  const { root, roots, targets, changes } = candidate;
  const report = {
    ok: true,
    changes,
    root: root.version,
    newRoots: roots.length,
    ...(targets && {
      targets: targets.release.version,
      release: targets.release.release,
      sha256: targets.release.sha256,
      signers: holdersOf(root, targets.release.signers),
      files: blobs.length,
    }),
  };
  context.out(context.json ? JSON.stringify(report) : toldReport(report));
}

function toldReport(report: {
  changes: boolean;
  root: number;
  targets?: number;
  release?: string;
  sha256?: string;
  signers?: readonly string[];
  files?: number;
}): string {
  const { targets, signers = [] } = report;
  const what =
    targets === undefined
      ? `root ${report.root}`
      : `targets ${targets} of release ${report.release}, hash ${report.sha256}, signed by ${signers.join(' and ')}, ${report.files} files`;
  return `Verified: ${what}. ${report.changes ? 'Publishing puts it in force.' : 'It is in force already.'}`;
}

export async function listReleases(context: CommandContext): Promise<void> {
  const found = await withBench(context, async ({ reader }) => ({
    standing: await reader.load(),
    releases: await reader.list(),
  }));
  const releases = found.releases.map((release, i) => ({
    ...{ targets: release.version, release: release.release, sha256: release.sha256, inForce: i === 0 },
    ...{ vouched: release.vouched, floor: release.floor, security: release.security },
    ...{ expiresAt: iso(release.expiresAt), files: release.targets.map(({ path }) => path) },
    signers: found.standing === undefined ? [] : holdersOf(found.standing.root, release.signers),
  }));
  if (context.json) {
    context.out(JSON.stringify({ root: found.standing?.root.version ?? null, releases }));
    return;
  }
  if (releases.length === 0) {
    context.out(
      found.standing === undefined
        ? 'No release root is trusted yet: stoa-hub release trust FILE'
        : 'Nothing is published yet: stoa-hub release publish DIR',
    );
    return;
  }
  const rows = releases.map((each) => [
    ...[String(each.targets), each.release, each.inForce ? 'in force' : each.vouched ? 'earlier' : 'revoked'],
    ...[each.floor, each.security ? 'yes' : '', each.expiresAt.slice(0, 10), each.signers.join(', ')],
  ]);
  for (const line of table(['TARGETS', 'RELEASE', 'STATE', 'FLOOR', 'SECURITY', 'ENDS', 'SIGNED BY'], rows))
    context.out(line);
}

export async function trustRoot(
  context: CommandContext,
  file: string,
  options: { hash?: string },
): Promise<void> {
  const bytes = await readRoot(file);
  verifyRoots(bytes);
  const { version, sha256, roles, development } = peekRoot(bytes);
  if (options.hash !== undefined && options.hash.toLowerCase() !== sha256)
    throw new PublishError(
      'root_differs',
      `${file} has the hash ${sha256}; ${options.hash} was to be trusted`,
    );
  if (!context.json) {
    context.out(`Root ${version}, hash ${sha256}`);
    for (const role of ['root', 'targets'] as const)
      context.out(
        `  ${role}: ${roles[role].threshold} of ${roles[role].keys.map(({ holder }) => printable(holder)).join(', ')}`,
      );
    if (development) context.out('  Made for development: whoever has that directory can sign releases.');
  }
  const agreed =
    options.hash !== undefined ||
    (await confirm(
      context,
      'Did you compare the hash with one of its holders? Trust this root for good?',
      `compare the hash with one of its holders, then say --hash ${sha256}`,
    ));
  if (!agreed) throw new HubError('not_confirmed', 'nothing was changed', { retry: false });
  const isNew = await withBench(context, ({ trust, tree, audit, publisher }) =>
    publisher.exclusively(async (tx) => {
      const begun = await trust.begin(bytes, tx);
      if (begun)
        await audit.appendIn(tx, {
          actor: COMMAND_LINE,
          act: 'release.trust',
          subject: sha256,
          detail: { version },
        });
      await tree.keep('root', version, bytes);
      return begun;
    }),
  );
  context.out(
    context.json
      ? JSON.stringify({ ok: true, changed: isNew, version, sha256 })
      : `${isNew ? 'Trusted' : 'Trusted already'}. Next: stoa-hub release publish DIR`,
  );
}

export async function releaseKeys(context: CommandContext, options: { next: boolean }): Promise<void> {
  requirePublisher(context.config);
  const { keys, root } = await withBench(context, ({ keys: held, audit, publisher, reader }) =>
    publisher.exclusively(async (tx) => {
      if (options.next || (await held.list(tx)).length === 0) {
        const made = await held.make(tx);
        await audit.appendIn(tx, {
          actor: COMMAND_LINE,
          act: 'release.keys',
          subject: '',
          detail: { made: made.map(({ role, id }) => `${role} ${id}`) },
        });
      }
      return { keys: await held.list(tx), root: (await reader.load(tx))?.root };
    }),
  );
  const shown = keys.map(({ role, id, publicKey, madeAt }) => ({
    ...{ role, id, publicKey: toHex(publicKey), madeAt: iso(madeAt) },
    inForce: root?.roles[role].keys.some((named) => named.id === id) ?? false,
  }));
  if (context.json) {
    context.out(JSON.stringify({ root: root?.version ?? null, keys: shown }));
    return;
  }
  for (const { role, publicKey, madeAt, inForce } of shown)
    context.out(
      `${role.padEnd(9)}  ${publicKey}  made ${madeAt}${inForce ? `, named by root ${root?.version}` : ''}`,
    );
  const [snapshot, timestamp] = (['snapshot', 'timestamp'] as const).map(
    (role) => shown.findLast((key) => key.role === role)?.publicKey,
  );
  context.out(
    `\nFor the holders of the root: --snapshot ${snapshot} --timestamp ${timestamp} (signer release root init or rotate; docs/releases.md)`,
  );
}

export async function retireRelease(
  context: CommandContext,
  text: string,
  options: { yes: boolean },
): Promise<void> {
  const version = Number(text);
  const agreed =
    options.yes ||
    (await confirm(context, `Remove the files of targets ${text} that no other release names?`));
  if (!agreed) throw new HubError('not_confirmed', 'nothing was changed', { retry: false });
  const removed = await withBench(context, ({ publisher }) =>
    publisher.retire(version, { actor: COMMAND_LINE }),
  );
  context.out(
    context.json
      ? JSON.stringify({ ok: true, removed })
      : `Removed ${removed.length} files of targets ${version}.`,
  );
}

function holdersOf(root: TrustedRoot, ids: readonly string[]): string[] {
  return ids.map((id) => root.roles.targets.keys.find((key) => key.id === id)?.holder ?? id.slice(0, 16));
}

/** The releases of a region as its admin handles them who sits at the machine. */
export async function withBench<T>(
  context: CommandContext,
  work: (bench: ReleaseBench, sql: Sql) => Promise<T>,
): Promise<T> {
  const log = createLog({ level: context.config.logLevel });
  return await besideHub(context, async ({ sql }) => {
    const file = new PrivateFile(paths(context.config).vaultKeys);
    const vault = await openVault({ ...{ file, sql, log }, random: secureRandom, columns: [SECRETS] });
    const { config } = context;
    return work(
      createReleaseBench({
        ...{ config, sql, vault, log, clock: systemClock, random: secureRandom, crypto: nodeCrypto },
      }),
      sql,
    );
  });
}
