import { type Checkpoint, checkpointKind, peek, type SettledReceipt } from '@stoa/protocol';
import type { HourReport } from '@stoa/protocol/stoicism';
import { findNode, type NodeFiles } from '#earnings/kept-evidence.ts';
import { keepBenchmark } from '#earnings/own-benchmark.fixture.ts';
import { honest, SettlingHub } from '#earnings/settling-hub.fixture.ts';
import { verifyDay } from '#earnings/verify-day.ts';
import {
  description,
  heartbeat,
  region,
  START,
  type World,
  world,
} from '#evidence/evidence-world.fixture.ts';
import { HOUR_MS, hourOf, MINUTE_MS } from '#evidence/hub-time.ts';

export const FIRST_HOUR: number = hourOf(START);
export const FIRST_DAY: number = FIRST_HOUR / 24;
/** Passes gate 6. */
export const HELPFUL: string[] = [
  ...['chainweb-node', '--p2p-hostname=n.example', '--enable-mempool-p2p', '--enable-backup-api'],
];

export interface EarningsWorld {
  w: World;
  /** Of hour after hour, from the first on. */
  sealed: Uint8Array[];
  /** Of hours that the hub has settled, what it has said of them. */
  settle(lies?: Readonly<Record<number, Partial<SettledReceipt>>>, documents?: Uint8Array[]): Promise<void>;
  hub: SettlingHub;
  node(): Promise<NodeFiles>;
  /** As `verify` does, of the first day. */
  verify(documents?: readonly Uint8Array[]): Promise<HourReport[]>;
}

/** A node that was well for some hours, with its checkpoints and receipts. */
export async function earningsWorld(
  hours: number,
  argv: string[] = HELPFUL,
  prepare: (w: World) => void = () => undefined,
): Promise<EarningsWorld> {
  const w = await world();
  await keepBenchmark(w);
  prepare(w);
  const hub = new SettlingHub(region);
  w.open();
  w.evidence.sentDescription(description(argv));
  for (let minute = 0; minute < hours * 60 + 6; minute += 1) {
    const height = 1_000 + 2 * minute;
    const hash = new Uint8Array(32).fill(minute & 0xff);
    const tips = Array.from({ length: 10 }, (_, chain) => ({ chain, height, hash }));
    w.evidence.sentTips(tips, hash);
    w.evidence.sentHeartbeat(heartbeat(5));
    await w.live(1);
  }
  const numbers = [...w.sent.keys()].sort((a, b) => a - b);
  const sealed = numbers.map((number) => w.sent.get(number)![0]!.sealed);
  const node = async (): Promise<NodeFiles> =>
    (await findNode(w.disk, { dataDir: '/data', instance: 'default' }))!;
  return {
    w,
    sealed,
    node,
    hub,
    async settle(lies = {}, documents) {
      for (const [i, one] of sealed.entries())
        w.evidence.settled(hub.settle(honest(one, lies[i]), lies[i] && documents && { documents }));
      await w.clock.advance(MINUTE_MS);
    },
    async verify(documents = []) {
      const deps = { disk: w.disk, settle: async () => undefined };
      return (await verifyDay(deps, await node(), { day: FIRST_DAY, documents })).reports;
    },
  };
}

export function checkpointOf(sealed: Uint8Array): Checkpoint {
  return peek(checkpointKind, sealed);
}

export const DAY_MS: number = 24 * HOUR_MS;
