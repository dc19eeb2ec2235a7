import { WIDEST_SETTING } from './command.ts';
import { MintError } from './error.ts';
import { mintGas, openGas } from './gas.ts';
import { isWithin, MINT_LIMITS, type MintLimits, type Weight, weigh, widestBytes } from './limits.ts';
import { chainDigest, planHash } from './outline.ts';
import { type MintCut, readPoints } from './points.ts';
import { BUCKET, bucketsOf, bucketText, deltasDigest, deltasText, MINT_CHAINS, NOTHING } from './register.ts';

/** One transaction. It fills the buckets [from, to). */
export interface PlannedBatch extends Weight {
  readonly chain: number;
  readonly batch: number;
  readonly from: number;
  readonly to: number;
  /** The literal in its code. */
  readonly deltas: string;
  /** Whole points. */
  readonly sum: number;
  readonly digest: string;
}

export interface PlannedChain {
  readonly chain: number;
  readonly slots: number;
  /** Exactly what is planned: a key that is stolen after the opening mints nothing beyond it. */
  readonly cap: number;
  /** `[0]` where nobody earned: the epoch is opened all the same, for nobody else to open it. */
  readonly bounds: readonly number[];
  /** Goes into `open-epoch`. */
  readonly digest: string;
  /** What the opening takes. */
  readonly opening: Weight;
  readonly batches: readonly PlannedBatch[];
}

export interface EpochPlan {
  readonly epoch: number;
  readonly cutId: string;
  readonly chains: readonly PlannedChain[];
  readonly points: number;
  /** What approvers sign: `planHash`. */
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
  const chains = inOrder.map((chain) => planChain(cut, chain.chain, readPoints(chain, limits), limits));
  const points = chains.reduce((sum, { cap }) => sum + cap, 0);
  const plan = { epoch: cut.epoch, cutId: cut.cutId, chains, points };
  return { ...plan, hash: planHash(plan) };
}

function planChain(
  { epoch, cutId }: MintCut,
  chain: number,
  points: Uint32Array,
  limits: MintLimits,
): PlannedChain {
  const slots = points.length;
  const cap = sumOf(points);
  if (cap > limits.epochCap)
    throw new MintError(
      'above_cap',
      `chain ${chain} would mint ${cap} points in epoch ${epoch}, more than the contract's ${limits.epochCap}: cut fewer days at once`,
    );
  const texts = cap === 0 ? [] : bucketTexts(points);
  const bounds = split({ epoch, chain, cap }, texts, limits);
  const batches = bounds.slice(1).map((to, batch): PlannedBatch => {
    const from = bounds[batch]!;
    const buckets = texts.slice(from, to);
    const deltas = deltasText(buckets);
    const sum = sumOf(points.subarray(from * BUCKET, to * BUCKET));
    const filled = buckets.filter((text) => text !== NOTHING).length;
    const shape = { buckets: to - from, filled, bounds: bounds.length };
    const weight = weighBatch(envelopeBytes(epoch, batch, sum) + deltas.length, shape, limits);
    return { chain, batch, from, to, deltas, sum, digest: deltasDigest(deltas), ...weight };
  });
  const planned = { chain, slots, cap, bounds, batches };
  const digest = chainDigest({ epoch, cutId }, planned);
  const bytes = widestBytes({ kind: 'open', epoch, cap, bounds, digest });
  const opening = weigh(bytes, openGas({ bytes, bounds: bounds.length }), limits);
  return { ...planned, digest, opening };
}

function sumOf(points: Uint32Array): number {
  return points.reduce((sum, value) => sum + value, 0);
}

function bucketTexts(points: Uint32Array): string[] {
  return Array.from({ length: bucketsOf(points.length) }, (_, bucket) =>
    bucketText(points.subarray(bucket * BUCKET, (bucket + 1) * BUCKET)),
  );
}

/** Where batches begin and end. Bytes and gas are reckoned at the most that a batch's own numbers can come to. */
function split(
  { epoch, chain, cap }: { readonly epoch: number; readonly chain: number; readonly cap: number },
  texts: readonly string[],
  limits: MintLimits,
): number[] {
  const most = texts.length;
  const envelope = envelopeBytes(epoch, most, cap);
  const bounds = [0];
  // The opening bracket.
  let [length, filled] = [1, 0];
  texts.forEach((text, bucket) => {
    const mark = text === NOTHING ? 0 : 1;
    const fits = (buckets: number) =>
      isWithin(weighBatch(envelope + length, { buckets, filled, bounds: most + 1 }, limits), limits);
    const from = bounds.at(-1)!;
    // A space or the closing bracket comes after it.
    length += text.length + 1;
    filled += mark;
    if (fits(bucket + 1 - from)) return;
    if (bucket > from) bounds.push(bucket);
    [length, filled] = [1 + text.length + 1, mark];
    if (!fits(1))
      throw new MintError(
        'does_not_fit',
        `bucket ${bucket} of chain ${chain} alone is past ${limits.bytes} bytes or ${limits.gasLimit} gas: raise the limits`,
      );
  });
  if (most > 0) bounds.push(most);
  return bounds;
}

function weighBatch(
  bytes: number,
  shape: { readonly buckets: number; readonly filled: number; readonly bounds: number },
  limits: MintLimits,
): Weight {
  return weigh(bytes, mintGas({ bytes, ...shape }), limits);
}

/** Bytes of a batch's `cmd` but for its deltas, which are digits, spaces and brackets: one byte each, nothing escaped. */
function envelopeBytes(epoch: number, batch: number, sum: number): number {
  return widestBytes({ kind: 'mint', epoch, batch, deltas: '', sum, digest: WIDEST_SETTING.moduleHash });
}
