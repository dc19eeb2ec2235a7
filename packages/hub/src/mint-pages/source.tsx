import { MINT_CHAINS } from '@stoa/protocol/mint';
import { dayText, parseDay } from '#mint/index.ts';
import type { NetworkHeads } from '#nodes/index.ts';
import type { Clock } from '../clock.ts';
import type { LiveSource } from '../console/live.ts';
import { isAtLeast } from '../viewer.ts';
import { laneHtml } from './lane.tsx';
import type { TransactionLinks } from './links.ts';
import { isEnded, type Sweep } from './sweep.ts';
import type { SweepStore } from './sweep-store.ts';
import { type Part, partHtml } from './theatre-page.tsx';

const PARTS: readonly (Part | number)[] = [
  'head',
  'beside',
  ...Array.from({ length: MINT_CHAINS }, (_, i) => i),
];

/** The keys of a day's page: each lane is patched by itself. Of a day that is over nothing changes. */
export function watchKeys(sweep: Sweep): readonly string[] {
  return isEnded(sweep) ? [] : PARTS.map((part) => `${dayText(sweep.epoch)}_${part}`);
}

export interface SweepSourceDeps {
  readonly store: Pick<SweepStore, 'find'>;
  readonly heads: Pick<NetworkHeads, 'heads'>;
  readonly links: TransactionLinks;
  readonly clock: Pick<Clock, 'now'>;
}

/** `mint` by day and part. Another instance may lead: each round reads what stands in the database, once a day that is watched. */
export function sweepSource({ store, heads, links, clock }: SweepSourceDeps): LiveSource {
  return {
    name: 'mint',
    admit: (viewer, asked) =>
      isAtLeast(viewer, 'ancient') ? asked.filter((key) => placeOf(key) !== undefined) : [],
    async changes(watched) {
      const known = headsByChain(heads);
      const sweeps = new Map<number, Sweep | undefined>();
      const html = new Map<string, string>();
      for (const key of watched) {
        const { epoch, part } = placeOf(key)!;
        if (!sweeps.has(epoch)) sweeps.set(epoch, await store.find(epoch));
        const sweep = sweeps.get(epoch);
        if (sweep === undefined) continue;
        const view = { sweep, heads: known, links, now: clock.now() };
        html.set(
          key,
          typeof part === 'number'
            ? laneHtml({ ...view, chain: part, head: known.get(part) })
            : partHtml(part, view),
        );
      }
      return html;
    },
  };
}

export function headsByChain(heads: Pick<NetworkHeads, 'heads'>): ReadonlyMap<number, number> {
  return new Map(heads.heads().map(({ chain, height }) => [chain, height]));
}

function placeOf(key: string): { readonly epoch: number; readonly part: Part | number } | undefined {
  const [day = '', text = ''] = key.split('_');
  const epoch = parseDay(day);
  const part = PARTS.find((one) => String(one) === text);
  return epoch === undefined || part === undefined ? undefined : { epoch, part };
}
