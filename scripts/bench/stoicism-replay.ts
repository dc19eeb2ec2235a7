import { createHash } from 'node:crypto';
import { type LedgerEvent, Replay } from '@stoa/hub/ledger';
import { wordPoints } from '@stoa/protocol/stoicism';
import { type Bench, cpuOf, quantile, result } from './result.ts';

const NODES = 200_000;
const ACCOUNTS = 100_000;
const BATCH = 10_000;
const ROUNDS = 5;
const WORD = (1n << 60n) - 1n;

/**
 * Events of hours on end, one for each of 200,000 nodes of 100,000 accounts, replayed to balances in this process. Default
 * 1,000,000 events; 10,000,000 under --long.
 */
export const benchLedgerReplay: Bench = async ({ long, say }) => {
  const count = long ? 10_000_000 : 1_000_000;
  const names = Array.from({ length: NODES }, (_, i) => hash(`node ${i}`));
  const accounts = Array.from({ length: ACCOUNTS }, (_, i) => hash(`account ${i}`).slice(0, 32));
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const replay = new Replay({ chain: false });
    let cpuMs = 0;
    for (let from = 0; from < count; from += BATCH) {
      const batch = Array.from({ length: BATCH }, (_, i) => eventOf(from + i, { names, accounts }));
      cpuMs += await cpuOf(() => replay.take(batch));
    }
    cpuMs += await cpuOf(() => replay.finish());
    if (replay.faultCount > 0 || replay.events !== count) throw new Error('the replay is not whole');
    rates.push(count / (cpuMs / 1_000));
    say(`${count} events replayed at ${Math.round(rates.at(-1)!)} a CPU second`);
  }
  return result({
    bench: 'stoicism-replay',
    value: Math.round(
      quantile(
        rates.toSorted((a, b) => a - b),
        0.5,
      ),
    ),
    unit: 'events replayed per CPU second',
    target: 1_000_000,
    better: 'higher',
    peer: null,
    detail: { events: count, nodes: NODES, accounts: ACCOUNTS, rates: rates.map(Math.round) },
  });
};

/** One in fifty waits for the end of a warm-up. */
function eventOf(
  i: number,
  { names, accounts }: { names: readonly string[]; accounts: readonly string[] },
): LedgerEvent {
  const node = i % NODES;
  const hour = 490_000 + Math.floor(i / NODES);
  const microScore = 700_000 + (node % 600_000);
  return {
    ...{ sequence: i + 1, hour, kind: node % 50 === 0 ? 'pending' : 'accrual', revision: 0, ref: '' },
    ...{ nodeId: names[node]!, accountId: accounts[node % ACCOUNTS]!, amount: wordPoints(WORD, microScore) },
    ...{ basis: { minutes: WORD, microScore, scoreVersion: 1 }, ranAt: hour * 3_600_000, hash: EMPTY },
    ownerId: undefined,
  };
}

const EMPTY = new Uint8Array(32);

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
