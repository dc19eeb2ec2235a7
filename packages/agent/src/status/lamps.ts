import type { ChannelState, ChannelStatus } from '#channel/status.ts';
import type { AgentReadings } from '#collectors/agent-collectors.ts';
import type { Readings } from '#collectors/collector-set.ts';

export interface Lamp {
  readonly state: 'ok' | 'warn' | 'fail' | 'unknown';
  /** The rule that decided, with its figures. */
  readonly why: string;
}

/** What the agent itself can vouch for; the hub's and the chain's own view are the console's. */
export interface Lamps {
  /** This program and its host. */
  readonly agent: Lamp;
  /** The session with the hub. */
  readonly hub: Lamp;
  /** The chainweb node beside it. */
  readonly chain: Lamp;
}

/** Two blocks: a poll that was missed, and the one after it. */
const STALE_TIPS_MS = 60_000;
/** The hub calls a node offline after five minutes. */
const LOST_TIPS_MS = 300_000;
/** Warm-up (gate 4) asks for as many. */
const FEWEST_PEERS = 2;
const FAILURES_OF_CONCERN = 3;

export function lampsOf(link: ChannelStatus | undefined, readings: Readings<AgentReadings>): Lamps {
  return { agent: agentLamp(readings), hub: hubLamp(link), chain: chainLamp(readings) };
}

function agentLamp(readings: Readings<AgentReadings>): Lamp {
  const hung = Object.entries(readings).flatMap(([name, reading]) => (reading.hung ? [name] : []));
  if (hung.length > 0) return { state: 'warn', why: `no answer to: ${hung.join(', ')}` };
  const { commitment } = readings;
  if (commitment.error) return { state: 'warn', why: commitment.error.message };
  if (commitment.value && !commitment.value.met) {
    const { freeBytes, requiredBytes, path } = commitment.value;
    return {
      state: 'warn',
      why: `${gb(freeBytes)} GB free on ${path}, ${gb(requiredBytes)} GB are promised`,
    };
  }
  return { state: 'ok', why: 'running' };
}

const HUB: Record<ChannelState, Lamp> = {
  idle: { state: 'unknown', why: 'not started' },
  connecting: { state: 'warn', why: 'connecting' },
  authenticating: { state: 'warn', why: 'authenticating' },
  established: { state: 'ok', why: 'session established' },
  quarantined: { state: 'warn', why: 'quarantined: the hub takes this data directory for a stale copy' },
  draining: { state: 'ok', why: 'session about to move' },
  waiting: { state: 'warn', why: 'waiting for the next attempt' },
  refused: { state: 'fail', why: 'refused by the owner or an admin' },
  closed: { state: 'fail', why: 'stopped' },
};

function hubLamp(link: ChannelStatus | undefined): Lamp {
  if (link === undefined) return { state: 'unknown', why: 'not enrolled: run `stoa-agent enroll`' };
  const lamp = HUB[link.state];
  if (link.state !== 'waiting' || link.failures < FAILURES_OF_CONCERN) return lamp;
  const last = link.lastFault ? `: ${link.lastFault.message}` : '';
  return { state: 'fail', why: `${link.failures} attempts have failed${last}` };
}

function chainLamp({ cut, chainweb }: Readings<AgentReadings>): Lamp {
  const { ageMs } = cut;
  if (ageMs === undefined)
    return cut.error ? { state: 'fail', why: cut.error.message } : { state: 'unknown', why: 'no tips yet' };
  const age = `tips are ${Math.round(ageMs / 1000)} s old`;
  const cause = cut.error ? `: ${cut.error.message}` : '';
  if (ageMs > LOST_TIPS_MS) return { state: 'fail', why: age + cause };
  if (ageMs > STALE_TIPS_MS) return { state: 'warn', why: age + cause };
  const p2p = chainweb.value?.p2p;
  if (p2p && !p2p.ok) return { state: 'warn', why: p2p.error.message };
  if (p2p && p2p.value.peers < FEWEST_PEERS)
    return { state: 'warn', why: `${p2p.value.peers} peers, ${FEWEST_PEERS} are needed to earn` };
  return { state: 'ok', why: age };
}

function gb(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}
