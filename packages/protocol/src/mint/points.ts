import { MintError } from './error.ts';
import type { SlotPoints } from './register.ts';

/** What accounts have at a cut, in whole points. */
export interface MintCut {
  /** UTC day number. */
  readonly epoch: number;
  readonly cutId: string;
  /** Each of the ten chains, in any order. */
  readonly chains: readonly ChainCut[];
}

export interface ChainCut {
  readonly chain: number;
  /** Enrolled on the chain, and final there. */
  readonly slots: number;
  readonly points: SlotPoints;
}

/** The points of each slot. @throws MintError where they are not what the contract would credit. */
export function readPoints(
  { chain, slots, points }: ChainCut,
  { accountCap }: { readonly accountCap: number },
): Uint32Array {
  if (!Number.isSafeInteger(slots) || slots < 0)
    throw new MintError(
      'bad_cut',
      `chain ${chain} has ${slots} slots: a whole number of 0 or more is expected`,
    );
  const dense = new Uint32Array(slots);
  const take = (value: number, slot: number) => {
    const where = `slot ${slot} of chain ${chain} has ${value} points`;
    if (!Number.isSafeInteger(value) || value < 0)
      throw new MintError('bad_points', `${where}: a whole number of 0 or more is expected; cut again`);
    if (value > accountCap)
      throw new MintError(
        'above_cap',
        `${where}, more than the ${accountCap} of an account: look into it, then hold it back`,
      );
    if (value === 0) return;
    if (!Number.isSafeInteger(slot) || slot < 0 || slot >= slots)
      throw new MintError('unknown_slot', `${where}, where ${slots} are final: wait until its enrolment is`);
    dense[slot] = value;
  };
  if (isSparse(points)) points.forEach(take);
  else for (let slot = 0; slot < points.length; slot += 1) take(points[slot] ?? 0, slot);
  return dense;
}

function isSparse(points: SlotPoints): points is ReadonlyMap<number, number> {
  return points instanceof Map;
}
