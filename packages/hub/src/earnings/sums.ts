import type { Kind } from '#ledger/index.ts';

/** Sums of events by kind, in units of 1e-12 points. */
export type KindSums = ReadonlyMap<Kind, bigint>;

/** What nodes earn by their minutes: to their owner at once or after the warm-up, and what tunnels of theirs get of others. */
const MINUTES: readonly Kind[] = ['accrual', 'pending', 'fee', 'pending-fee'];
/** Of these what is not another's node's: as nodes are compared. */
export const OWN_MINUTES: readonly Kind[] = ['accrual', 'pending'];
const WAITING: readonly Kind[] = ['pending', 'pending-fee'];
const BONUSES: readonly Kind[] = ['donation', 'mining'];

export function sumOf(sums: KindSums, kinds: readonly Kind[]): bigint {
  return kinds.reduce((sum, kind) => sum + (sums.get(kind) ?? 0n), 0n);
}

export function byMinutes(sums: KindSums): bigint {
  return sumOf(sums, MINUTES);
}

export function waiting(sums: KindSums): bigint {
  return sumOf(sums, WAITING);
}

export function bonuses(sums: KindSums): bigint {
  return sumOf(sums, BONUSES);
}

/** All that came into being. */
export function earnedIn(sums: KindSums): bigint {
  return byMinutes(sums) + bonuses(sums);
}

export function addSums(all: readonly KindSums[]): KindSums {
  const added = new Map<Kind, bigint>();
  for (const sums of all) for (const [kind, units] of sums) added.set(kind, (added.get(kind) ?? 0n) + units);
  return added;
}

/** What each kind is called where people read of it, and between which balances it moves. */
export const KIND_WORDS: Readonly<Record<Kind, { readonly name: string; readonly moves: string }>> = {
  accrual: { name: 'Minutes that passed every gate', moves: 'to Current' },
  pending: { name: 'Minutes in warm-up', moves: 'to Pending' },
  fee: { name: 'Tunnel fees from others', moves: 'to Current' },
  'pending-fee': { name: 'Tunnel fees in warm-up', moves: 'to Pending' },
  matured: { name: 'Warm-up over', moves: 'Pending to Current' },
  donation: { name: 'Seeds given', moves: 'to Current' },
  mining: { name: 'Blocks mined', moves: 'to Current' },
  adjustment: { name: 'Adjustments', moves: 'to or from Current' },
  reserved: { name: 'Set aside for the mint', moves: 'Current to Minting' },
  settled: { name: 'Minted', moves: 'Minting to Redeemed' },
  released: { name: 'Not minted after all', moves: 'Minting to Current' },
  reset: { name: 'Reset', moves: 'everything to nothing' },
};
