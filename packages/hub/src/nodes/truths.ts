import { type Instant, judgedAt, offlineAfterMs } from './liveness.ts';
import type { SessionFacts } from './node-reader.ts';
import { TIP_WITHIN } from './state.ts';
import type { NodeDetail } from './summary.ts';
import type { ChainView } from './tips.ts';

/** One of the three who know something of a node. */
export interface Truth {
  readonly says: string;
  /** Of what it rests on. */
  readonly at: number | undefined;
}

/** What the agent says, what the hub saw, what the chain confirms; and where they don't agree. */
export interface Truths {
  readonly agent: Truth;
  readonly hub: Truth;
  readonly chain: Truth;
  readonly disagreements: readonly string[];
}

export function readTruths(
  node: Pick<NodeDetail, 'facts' | 'rttMs'>,
  known: {
    chains: readonly ChainView[];
    session: SessionFacts | undefined;
    /** When its tips were polled over SSH; undefined: its agent reported them. */
    polledAt?: number | undefined;
  },
  at: Instant,
): Truths {
  const { facts } = node;
  const { chains, session, polledAt } = known;
  const of = (state: string) => chains.filter(({ standing }) => standing?.state === state);
  const reported = chains.filter((chain) => chain.reported !== undefined);
  const confirmed = chains.filter(
    ({ standing }) =>
      standing?.state === 'tip' || (standing?.state === 'behind' && (standing.lag ?? 99) <= TIP_WITHIN),
  );
  const heads = chains.flatMap(({ head }) => (head === undefined ? [] : [head.at]));
  return {
    agent:
      polledAt === undefined
        ? { says: `chainweb is ${facts.chainweb}; ${tipWords(reported)}`, at: facts.lastSeen }
        : { says: `nothing, it has none; polled over SSH: ${tipWords(reported)}`, at: polledAt },
    hub: {
      says: sessionWords(session),
      at: facts.lastSeen ?? session?.connectedAt,
    },
    chain: {
      says:
        heads.length === 0
          ? 'no head is verified yet'
          : `${confirmed.length} of ${counted(heads.length, 'chain')} at the tip` +
            (of('forked').length > 0 ? `, ${of('forked').length} off the winning branch` : '') +
            (of('unknown').length > 0 ? `, ${of('unknown').length} not known to it` : ''),
      at: heads.length === 0 ? undefined : Math.max(...heads),
    },
    disagreements: [
      ...chainDisagreements(chains),
      // What an agent said of the process once is no word about tips that were polled since.
      ...(polledAt === undefined ? processDisagreements(facts.chainweb, { reported, confirmed, heads }) : []),
      ...sessionDisagreements(session, facts.lastSeen, at),
    ],
  };
}

function tipWords(reported: readonly ChainView[]): string {
  return reported.length === 0 ? 'no tip yet' : `tips of ${counted(reported.length, 'chain')}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function sessionWords(session: SessionFacts | undefined): string {
  if (session === undefined) return 'no session yet';
  const { endedAt, instanceId, transport } = session;
  return endedAt === undefined
    ? `a session with ${instanceId} by ${transport}`
    : `its session with ${instanceId} ended`;
}

/** A hash names one block: the height said with it is right or wrong. */
function chainDisagreements(chains: readonly ChainView[]): string[] {
  return chains.flatMap(({ chain, reported, head, standing }) => {
    if (reported === undefined || head === undefined) return [];
    if (standing?.state === 'forked')
      return [`Chain ${chain}: the node's tip is a valid block of a branch that the network left.`];
    const height = standing?.lag == null ? undefined : head.height - standing.lag;
    if (height === undefined || height === reported.height) return [];
    return [
      `Chain ${chain}: the node says height ${reported.height}; the block that it names has height ${height}.`,
    ];
  });
}

function processDisagreements(
  chainweb: string,
  {
    reported,
    confirmed,
    heads,
  }: { reported: readonly ChainView[]; confirmed: readonly ChainView[]; heads: readonly number[] },
): string[] {
  const known = reported.filter(({ standing }) => standing !== undefined && standing.state !== 'unknown');
  if (chainweb === 'up' && reported.length > 0 && heads.length > 0 && known.length === 0)
    return ['The agent says that chainweb is up; the chain knows none of its tips.'];
  if (
    (chainweb === 'down' || chainweb === 'stopped') &&
    heads.length > 0 &&
    confirmed.length === heads.length
  )
    return [`The agent says that chainweb is ${chainweb}; its tips are those of the network.`];
  return [];
}

function sessionDisagreements(
  session: SessionFacts | undefined,
  lastSeen: number | undefined,
  at: Instant,
): string[] {
  if (session === undefined || lastSeen === undefined) return [];
  const silent = lastSeen < judgedAt(at) - offlineAfterMs(at.intervalMs);
  if (session.endedAt === undefined && silent)
    return ['The session counts as open; nothing is heard in it. The connection may be half dead.'];
  if (session.endedAt !== undefined && lastSeen > session.endedAt + at.intervalMs)
    return ['The session ended; something was heard from the node afterwards.'];
  return [];
}
