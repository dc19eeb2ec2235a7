import { commandText, WIDEST_SETTING } from './command.ts';
import { MintError } from './error.ts';
import { mintGas } from './gas.ts';
import { type MintCut, readPoints } from './points.ts';
import {
  ACCOUNT_CAP,
  BUCKET,
  bucketsOf,
  bucketText,
  deltasDigest,
  deltasText,
  digestOf,
  EPOCH_CAP,
  MINT_CHAINS,
  NOTHING,
} from './register.ts';

/** The bounds of a batch. Gas: nodes default to 1.6 M a block. Bytes: two limits of 2 MiB of the P2P layer jam otherwise. */
export interface MintLimits {
  /** Most gas limit of one transaction. */
  readonly gasLimit: number;
  /** Most bytes of one `cmd`. */
  readonly bytes: number;
  /** Most whole points of one account and epoch, and of one chain and epoch: the contract's constants. */
  readonly accountCap: number;
  readonly epochCap: number;
  /** The gas limit is the reckoned gas times this: a transaction that runs out of gas pays all of it and does nothing. */
  readonly gasMargin: number;
}

export const MINT_LIMITS: MintLimits = {
  gasLimit: 1_500_000,
  bytes: 225_000,
  accountCap: ACCOUNT_CAP,
  epochCap: EPOCH_CAP,
  gasMargin: 1.2,
};

/** One transaction. It fills the buckets [from, to). */
export interface PlannedBatch {
  readonly chain: number;
  readonly batch: number;
  readonly from: number;
  readonly to: number;
  readonly deltas: string;
  readonly sum: number;
  readonly digest: string;
  /** Of the `cmd`, at the widest setting. */
  readonly bytes: number;
  /** An upper bound. */
  readonly gas: number;
  readonly gasLimit: number;
}

export interface PlannedChain {
  readonly chain: number;
  readonly slots: number;
  /** Exactly what is planned: a key that is stolen after the opening mints nothing beyond it. */
  readonly cap: number;
  readonly bounds: readonly number[];
  /** Goes into `open-epoch`. */
  readonly digest: string;
  readonly batches: readonly PlannedBatch[];
}

export interface EpochPlan {
  readonly epoch: number;
  readonly cutId: string;
  readonly chains: readonly PlannedChain[];
  readonly points: number;
  /** What approvers sign: SHA-256 of `canonicalPlan`, base64url. */
  readonly hash: string;
}

/**
 * What is minted of a cut, in which transactions. Pure: the same cut gives the same bytes wherever it is planned, which is
 * what approvers rely on. Buckets stand in their order, as many in a batch as its bounds hold.
 * @throws MintError
 */
export function planEpoch(cut: MintCut, limits: MintLimits = MINT_LIMITS): EpochPlan {
  const inOrder = cut.chains.toSorted((a, b) => a.chain - b.chain);
  // A day that stays unopened on one chain is a day that a stolen key could still open.
  if (inOrder.length !== MINT_CHAINS || inOrder.some(({ chain }, index) => chain !== index))
    throw new MintError(
      'bad_cut',
      `cut '${cut.cutId}' has the chains ${inOrder.map(({ chain }) => chain)}: each of 0 to ${MINT_CHAINS - 1} once is expected`,
    );
  const chains = inOrder.map(({ chain, slots, points }) =>
    planChain(cut, chain, readPoints({ chain, slots, points }, limits), limits),
  );
  const points = chains.reduce((sum, { cap }) => sum + cap, 0);
  const plan = { epoch: cut.epoch, cutId: cut.cutId, chains, points };
  return { ...plan, hash: planHash(plan) };
}

/** A plan without its deltas, which stand in it by their digests: enough to recompute every digest and the hash. */
export interface PlanOutline {
  readonly epoch: number;
  readonly cutId: string;
  readonly points: number;
  readonly chains: readonly ChainOutline[];
}

export interface ChainOutline extends Pick<PlannedChain, 'chain' | 'slots' | 'cap' | 'bounds'> {
  readonly batches: readonly Pick<PlannedBatch, 'sum' | 'digest'>[];
}

/** Of one chain's plan: what `open-epoch` takes. */
export function chainDigest(
  { epoch, cutId }: Pick<PlanOutline, 'epoch' | 'cutId'>,
  { chain, slots, cap, bounds, batches }: ChainOutline,
): string {
  const content = batches.map(({ sum, digest }) => [sum, digest]);
  return digestOf(JSON.stringify({ epoch, cutId, chain, slots, cap, bounds, batches: content }));
}

/** What approvers sign, of a plan or its outline. */
export function planHash(plan: PlanOutline): string {
  const chains = plan.chains.map((chain) => ({ chain: chain.chain, digest: chainDigest(plan, chain) }));
  return digestOf(canonicalPlan({ ...plan, chains }));
}

/** What the plan's hash is of. Deltas are in it by their digests, within those of the chains; gas is not: it pays nobody. */
export function canonicalPlan({
  epoch,
  cutId,
  chains,
  points,
}: Omit<PlanOutline, 'chains'> & {
  readonly chains: readonly Pick<PlannedChain, 'chain' | 'digest'>[];
}): string {
  return JSON.stringify({ epoch, cutId, points, chains: chains.map(({ chain, digest }) => [chain, digest]) });
}

function planChain(
  { epoch, cutId }: MintCut,
  chain: number,
  points: Uint32Array,
  limits: MintLimits,
): PlannedChain {
  const slots = points.length;
  const cap = points.reduce((sum, value) => sum + value, 0);
  if (cap > limits.epochCap)
    throw new MintError(
      'above_cap',
      `chain ${chain} would mint ${cap} points in epoch ${epoch}, more than the contract's ${limits.epochCap}: cut fewer days at once`,
    );
  const texts = cap === 0 ? [] : bucketTexts(points);
  const bounds = split({ epoch, chain, cap }, texts, limits);
  const batches = bounds.slice(1).map((to, batch): PlannedBatch => {
    const from = bounds[batch]!;
    const deltas = deltasText(texts.slice(from, to));
    const sum = points.subarray(from * BUCKET, to * BUCKET).reduce((all, value) => all + value, 0);
    const bytes = envelopeBytes(epoch, batch, sum) + deltas.length;
    const filled = texts.slice(from, to).filter((text) => text !== NOTHING).length;
    const gas = mintGas({ bytes, buckets: to - from, filled, bounds: bounds.length });
    const gasLimit = limitOf(gas, limits);
    return { chain, batch, from, to, deltas, sum, digest: deltasDigest(deltas), bytes, gas, gasLimit };
  });
  const planned = { chain, slots, cap, bounds, batches };
  return { ...planned, digest: chainDigest({ epoch, cutId }, planned) };
}

function bucketTexts(points: Uint32Array): string[] {
  return Array.from({ length: bucketsOf(points.length) }, (_, bucket) =>
    bucketText(points.subarray(bucket * BUCKET, (bucket + 1) * BUCKET)),
  );
}

/** Where batches begin and end. Bytes and gas are reckoned at the most that the batch's own numbers can come to. */
function split(
  { epoch, chain, cap }: { readonly epoch: number; readonly chain: number; readonly cap: number },
  texts: readonly string[],
  limits: MintLimits,
): number[] {
  const most = texts.length;
  const envelope = envelopeBytes(epoch, most, cap);
  const bounds = [0];
  let [length, filled] = [1, 0];
  const fits = (buckets: number) => {
    const bytes = envelope + length;
    if (bytes > limits.bytes) return false;
    return limitOf(mintGas({ bytes, buckets, filled, bounds: most + 1 }), limits) <= limits.gasLimit;
  };
  texts.forEach((text, bucket) => {
    const mark = text === NOTHING ? 0 : 1;
    // A space or the closing bracket comes after it.
    length += text.length + 1;
    filled += mark;
    const from = bounds.at(-1)!;
    if (fits(bucket + 1 - from)) return;
    if (bucket > from) bounds.push(bucket);
    [length, filled] = [text.length + 2, mark];
    if (!fits(1))
      throw new MintError(
        'does_not_fit',
        `bucket ${bucket} of chain ${chain} alone is past ${limits.bytes} bytes or ${limits.gasLimit} gas: raise the limits`,
      );
  });
  if (most > 0) bounds.push(most);
  return bounds;
}

function limitOf(gas: number, { gasMargin }: MintLimits): number {
  return Math.ceil(gas * gasMargin);
}

/** Bytes of a batch's `cmd` but for its deltas, which are digits, spaces and brackets: one byte each, nothing escaped. */
function envelopeBytes(epoch: number, batch: number, sum: number): number {
  const digest = WIDEST_SETTING.moduleHash;
  return commandText({ kind: 'mint', epoch, batch, deltas: '', sum, digest }, WIDEST_SETTING).length;
}
