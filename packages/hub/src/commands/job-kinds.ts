import {
  isGuarded,
  isKindName,
  type JobKind,
  KIND_NAMES,
  type KindName,
  kindOf,
  needsOrder,
  type Parameters,
  PROVEN,
} from '@stoa/protocol';
import { isSshKind, SSH_KINDS, type SshKindName, sshKindOf } from '../bootstrap/index.ts';
import { HubError } from '../error.ts';
import type { CommandContext } from './context.ts';

/** `stoa-hub job kinds [KIND]`: what agents do, then what workers do over SSH. */
export function listKinds({ out, json }: Pick<CommandContext, 'out' | 'json'>, only?: string): void {
  if (only !== undefined && !isKindName(only) && !isSshKind(only))
    throw new HubError('bad_option', `there is no kind '${only}': stoa-hub job kinds lists them`, {
      retry: false,
    });
  const wanted = (name: string) => only === undefined || name === only;
  const byAgents = KIND_NAMES.filter(wanted);
  const overSsh = (Object.keys(SSH_KINDS) as SshKindName[]).filter(wanted);
  if (json) {
    out(JSON.stringify({ kinds: byAgents.map(plain), overSsh: overSsh.map(plainOverSsh) }));
    return;
  }
  for (const name of byAgents) for (const line of lines(name, only !== undefined)) out(line);
  if (only === undefined) out('\nover SSH, by the hub or a worker (docs/ssh.md):');
  for (const name of overSsh) for (const line of linesOverSsh(name, only !== undefined)) out(line);
}

function signers(kind: JobKind): 'nobody' | 'owner or admin' | 'owner' {
  if (isGuarded(kind)) return 'owner';
  return needsOrder(kind) ? 'owner or admin' : 'nobody';
}

function plain(name: KindName) {
  const kind = kindOf(name);
  return {
    ...{ kind: name, class: kind.class, doc: kind.doc, idempotent: kind.idempotent, undo: kind.undo },
    ...{ signedBy: signers(kind), root: kind.root, limitMs: kind.limitMs },
    parameters: plainParameters(kind.parameters),
    ...{ proven: PROVEN[name].by, provenHow: PROVEN[name].how },
  };
}

function plainOverSsh(name: SshKindName) {
  const { doc, undo, parameters, class: kindClass } = sshKindOf(name);
  return { kind: name, class: kindClass, doc, undo, parameters: plainParameters(parameters) };
}

function plainParameters(parameters: Parameters) {
  return Object.entries(parameters).map(([key, { doc, ...parameter }]) => ({
    name: key,
    ...parameter,
    ...('pattern' in parameter && { pattern: parameter.pattern.source }),
    doc,
  }));
}

function headOf(name: string, { class: kindClass, doc }: Pick<JobKind, 'class' | 'doc'>): string {
  return `${name.padEnd(32)}${kindClass.padEnd(12)}${doc}`;
}

function linesOverSsh(name: SshKindName, whole: boolean): string[] {
  const kind = sshKindOf(name);
  if (!whole) return [headOf(name, kind)];
  return [
    headOf(name, kind),
    '  run          over SSH, by the hub or a worker: docs/ssh.md',
    '  run twice    has the effect of once',
    `  undo         ${kind.undo}`,
    ...parameterLines(kind.parameters),
  ];
}

function lines(name: KindName, whole: boolean): string[] {
  const kind = kindOf(name);
  const proven = PROVEN[name];
  const unproven = proven.by === 'here' ? '' : ' [unproven]';
  const head = `${headOf(name, kind)}${unproven}`;
  if (!whole) return [head];
  return [
    head,
    `  signed by    ${signers(kind)}`,
    `  run twice    ${kind.idempotent ? 'has the effect of once' : 'has another effect: a lost one is not given out again'}`,
    `  undo         ${kind.undo}`,
    `  proven       ${proven.by === 'here' ? 'run for real' : 'by a transcript only'}: ${proven.how}`,
    `  at most      ${kind.limitMs / 60_000} min`,
    ...parameterLines(kind.parameters),
  ];
}

function parameterLines(parameters: Parameters): string[] {
  return Object.entries(parameters).map(
    ([key, parameter]) =>
      `  --param ${`${key}=`.padEnd(18)}${parameter.doc}${'options' in parameter ? `: ${parameter.options.join(', ')}` : ''}${parameter.default === undefined ? '' : ` [${String(parameter.default)}]`}`,
  );
}
