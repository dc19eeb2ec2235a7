import { type Checkpoint, checkpointKind, equalBytes, peek } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { EvidenceHour, Finding } from '@stoa/protocol/stoicism';
import { differs } from '#earnings/damage-findings.ts';
import { readable } from '#earnings/kept-evidence.ts';
import type { ChainLink } from '#evidence/checkpoint-chain.ts';

const CHECKPOINT = { subject: 'checkpoint', fault: 'forged' } as const;

interface Link extends Pick<Checkpoint, 'number' | 'previous'> {
  hubHour: number;
  hash: Uint8Array;
}

/**
 * The node's own chain over the hours that are here: numbers without a gap, each naming the one before. It names the hour of a
 * checkpoint that was taken out or changed, also where nothing else of it is left.
 * @param head The end of the chain as the agent has it, where these are its last hours.
 */
export function chainFindings(
  hours: ReadonlyMap<number, EvidenceHour>,
  head: ChainLink | undefined,
): Finding[] {
  const links = [...hours.values()].flatMap(linkOf).sort((a, b) => a.hubHour - b.hubHour);
  const found: Finding[] = [];
  for (const [i, link] of links.entries()) {
    const before = links[i - 1];
    if (before !== undefined) found.push(...between(before, link));
  }
  const last = links.at(-1);
  if (head !== undefined && head.number > (last?.number ?? 0))
    found.push(...missing(last ?? { number: head.number - 1, hubHour: head.hubHour - 1 }, head));
  return found;
}

function linkOf({ hubHour, checkpoint }: EvidenceHour): Link[] {
  if (checkpoint === undefined) return [];
  const said = readable(() => peek(checkpointKind, checkpoint));
  return said
    ? [{ hubHour, hash: nodeCrypto.hash(checkpoint), ...{ number: said.number, previous: said.previous } }]
    : [];
}

function between(before: Link, link: Link): Finding[] {
  if (link.number > before.number + 1)
    return missing(before, { ...link, number: link.number - 1, hubHour: link.hubHour - 1 });
  if (link.number === before.number + 1 && equalBytes(link.previous, before.hash)) return [];
  return [
    differs(link.hubHour, {
      ...CHECKPOINT,
      expected: `checkpoint ${before.number + 1} of the chain`,
      found: `checkpoint ${link.number}, which names another before it`,
      text: 'the node’s own chain of checkpoints is broken here',
    }),
  ];
}

/** Checkpoints behind `before` up to `last`: of each hour between them, or of some that the chain alone can't tell. */
function missing(
  before: Pick<Link, 'number' | 'hubHour'>,
  last: Pick<Link, 'number' | 'hubHour'>,
): Finding[] {
  const count = last.number - before.number;
  const hours = Array.from({ length: last.hubHour - before.hubHour }, (_, i) => before.hubHour + 1 + i);
  const many = hours.length > count;
  return hours.map((hubHour) =>
    differs(hubHour, {
      ...CHECKPOINT,
      expected: `checkpoint ${before.number + 1}${count > 1 ? ` to ${last.number}` : ''} of the chain`,
      found: 'none that can be read',
      text: many
        ? `${count} of the node’s checkpoints from this hour or one beside it ${count > 1 ? 'are' : 'is'} gone or damaged`
        : 'the node’s checkpoint of this hour is gone or damaged',
    }),
  );
}
