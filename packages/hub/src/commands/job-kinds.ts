import {
  isGuarded,
  isKindName,
  type JobKind,
  KIND_NAMES,
  type KindName,
  kindOf,
  needsOrder,
  PROVEN,
} from '@stoa/protocol';
import { HubError } from '../error.ts';
import type { CommandContext } from './context.ts';

/** `stoa-hub job kinds [KIND]`. */
export function listKinds({ out, json }: Pick<CommandContext, 'out' | 'json'>, only?: string): void {
  if (only !== undefined && !isKindName(only))
    throw new HubError('bad_option', `there is no kind '${only}': stoa-hub job kinds lists them`, {
      retry: false,
    });
  const names = KIND_NAMES.filter((name) => only === undefined || name === only);
  if (json) {
    out(JSON.stringify({ kinds: names.map((name) => plain(name)) }));
    return;
  }
  for (const name of names) for (const line of lines(name, only !== undefined)) out(line);
}

function signers(kind: JobKind): 'nobody' | 'owner or admin' | 'owner' {
  if (isGuarded(kind)) return 'owner';
  return needsOrder(kind) ? 'owner or admin' : 'nobody';
}

function plain(name: KindName) {
  const kind = kindOf(name);
  const parameters = Object.entries(kind.parameters).map(([key, { doc, ...parameter }]) => ({
    name: key,
    ...parameter,
    ...('pattern' in parameter && { pattern: parameter.pattern.source }),
    doc,
  }));
  return {
    ...{ kind: name, class: kind.class, doc: kind.doc, idempotent: kind.idempotent, undo: kind.undo },
    ...{ signedBy: signers(kind), root: kind.root, limitMs: kind.limitMs, parameters },
    ...{ proven: PROVEN[name].by, provenHow: PROVEN[name].how },
  };
}

function lines(name: KindName, whole: boolean): string[] {
  const kind = kindOf(name);
  const proven = PROVEN[name];
  const unproven = proven.by === 'here' ? '' : ' [unproven]';
  const head = `${name.padEnd(32)}${kind.class.padEnd(12)}${kind.doc}${unproven}`;
  if (!whole) return [head];
  return [
    head,
    `  signed by    ${signers(kind)}`,
    `  run twice    ${kind.idempotent ? 'has the effect of once' : 'has another effect: a lost one is not given out again'}`,
    `  undo         ${kind.undo}`,
    `  proven       ${proven.by === 'here' ? 'run for real' : 'by a transcript only'}: ${proven.how}`,
    `  at most      ${kind.limitMs / 60_000} min`,
    ...Object.entries(kind.parameters).map(
      ([key, parameter]) =>
        `  --param ${`${key}=`.padEnd(18)}${parameter.doc}${'options' in parameter ? `: ${parameter.options.join(', ')}` : ''}${parameter.default === undefined ? '' : ` [${String(parameter.default)}]`}`,
    ),
  ];
}
