import {
  ACCOUNT_CAP,
  type EpochPlan,
  MINT_CHAINS,
  MintError,
  owningChain,
  type PlanOutline,
  planEpoch,
  planHash,
} from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { accountIdOf, type EvidenceFile, formatPoints, POINT } from '@stoa/protocol/stoicism';
import type { RegionShare } from '#mint/approval.ts';
import { bearOut, type RegionTrusted } from '#mint/approver/borne-out.ts';
import { parseLedgerLine } from '#mint/approver/ledger-line.ts';
import { type ApprovedCut, RegionLedger, refused } from '#mint/approver/region-ledger.ts';
import { requireReserved } from '#mint/approver/reserved.ts';

/** The hour of an epoch's cut. */
const CUT_HOUR = 6;

export interface ApproverEvidence extends RegionTrusted {
  /** What the hub asks to approve. */
  readonly asked: PlanOutline;
  /** The cut that was approved last. */
  readonly approved: ApprovedCut;
  /** Lines of the ledger's dump, from the first event on. */
  readonly ledger: AsyncIterable<string>;
  /** A file for each node. */
  readonly nodes: AsyncIterable<EvidenceFile>;
  /** By chain the accounts in the order of their slots, as read from the chain itself at a final depth. */
  readonly slots: readonly (readonly string[])[];
}

/** What is for people, not for a program. Whole points. */
export interface ApproverBounds {
  readonly accountCap: number;
  /** Of one account since the last cut, without receipts: donations, mining, adjustments. */
  readonly unproven: number;
  /** Of all accounts together, per mille of the plan's points; `unproven` at least: many small ones are a large one. */
  readonly unprovenPermille: number;
}

export const APPROVER_BOUNDS: ApproverBounds = { accountCap: 20_000, unproven: 1_000, unprovenPermille: 10 };

export interface Recomputed {
  readonly plan: EpochPlan;
  readonly regions: RegionShare[];
  /** To be kept for the next time: where its cut ends, and what it takes; or the one approved last, if that is a later one. */
  readonly cut: ApprovedCut;
  /** What takes people, in their words; a program then approves nothing. */
  readonly outliers: readonly string[];
}

/**
 * What an epoch must mint, from this approver's own evidence alone; and whether that is what is asked for.
 * @throws SignerError `mint_evidence`, naming account and hour, or where the plans differ.
 */
export async function recompute(evidence: ApproverEvidence, bounds: ApproverBounds): Promise<Recomputed> {
  const { asked, region, approved } = evidence;
  const ledger = await addUp(evidence);
  const until = asked.epoch * 24 + CUT_HOUR;
  const nodes = await bearOut(ledger, evidence.nodes, { ...evidence, until });
  const { plan, points } = planOf(evidence, ledger);
  requireSame(plan, asked);
  const { sequence, hash } = ledger;
  const cut = { sequence, hash, mint: { epoch: plan.epoch, points } };
  const unreserved = requireReserved(ledger, approved, cut);
  return {
    plan,
    regions: [{ region, nodes, points: plan.points }],
    cut: sequence < approved.sequence ? approved : cut,
    outliers: [...unreserved, ...outliersOf(ledger, plan, bounds)],
  };
}

/** Up to the cut, which names the region, its last event and that event's hash. */
async function addUp({ asked, region, ledger: lines, approved }: ApproverEvidence): Promise<RegionLedger> {
  const [, name, sequence, hash] = /^(\S+) (\d{1,15}) ([0-9a-f]{64})$/.exec(asked.cutId) ?? [];
  if (name !== region || sequence === undefined)
    throw refused(`the cut '${asked.cutId}' is not of region '${region}', whose evidence this is`);
  const ledger = new RegionLedger(approved);
  for await (const line of lines) {
    const event = ledger.sequence < Number(sequence) ? parseLedgerLine(line) : undefined;
    if (event !== undefined) ledger.take(event);
  }
  ledger.finish();
  if (ledger.sequence < Number(sequence))
    throw refused(
      `the ledger here ends at event ${ledger.sequence}, the cut at ${sequence}: wait for the newer dump`,
    );
  if (ledger.hash !== hash && ledger.sequence > 0)
    throw refused(
      `event ${sequence} has the hash ${ledger.hash} here, and ${hash} in the hub's cut: its ledger is another one`,
    );
  return ledger;
}

function outliersOf(
  { current, unproven, released }: RegionLedger,
  { points }: EpochPlan,
  bounds: ApproverBounds,
): string[] {
  const [cap, alone] = [BigInt(bounds.accountCap) * POINT, BigInt(bounds.unproven) * POINT];
  const together = Math.max(bounds.unproven, Math.floor((points * bounds.unprovenPermille) / 1_000));
  // What an adjustment takes from one account makes up for nothing that another one got.
  const gains = [...unproven.values()].filter((units) => units > 0n);
  const given = gains.reduce((all, units) => all + units, 0n);
  return [
    ...[...current]
      .filter(([, units]) => units >= cap + POINT)
      .map(
        ([account, units]) =>
          `account ${account} has ${formatPoints(units, 0)} points, more than ${bounds.accountCap}`,
      ),
    ...[...unproven]
      .filter(([, units]) => units > alone)
      .map(
        ([account, units]) =>
          `account ${account} got ${formatPoints(units)} points that no receipt stands for (donations, mining, adjustments), more than ${bounds.unproven}`,
      ),
    ...(given > BigInt(together) * POINT
      ? [
          `${gains.length} accounts got ${formatPoints(given)} points together that no receipt stands for, more than ${together}`,
        ]
      : []),
    ...[...released].map(
      ([account, epoch]) =>
        `account ${account} got points of epoch ${epoch} back: whether they were never minted the chains say`,
    ),
  ];
}

/** @returns besides the plan what it takes of each account. */
function planOf(
  { asked, slots }: ApproverEvidence,
  { current }: RegionLedger,
): { plan: EpochPlan; points: ReadonlyMap<string, number> } {
  const taken = new Map<string, number>();
  const chains = Array.from({ length: MINT_CHAINS }, (_, chain) => {
    const names = slots[chain] ?? [];
    const count = asked.chains.find((each) => each.chain === chain)?.slots ?? 0;
    if (count > names.length)
      throw refused(
        `the plan has ${count} slots on chain ${chain}, where ${names.length} were read: read the chain again`,
      );
    const points = names.slice(0, count).map((account, slot) => {
      if (owningChain(account) !== chain)
        throw refused(
          `slot ${slot} of chain ${chain} is account '${account.slice(0, 80)}', which belongs on chain ${owningChain(account)}`,
        );
      const id = accountIdOf(account, nodeCrypto);
      const whole = Math.max(0, Math.min(Number((current.get(id) ?? 0n) / POINT), ACCOUNT_CAP));
      if (whole > 0) taken.set(id, (taken.get(id) ?? 0) + whole);
      return whole;
    });
    return { chain, slots: count, points };
  });
  try {
    return { plan: planEpoch({ epoch: asked.epoch, cutId: asked.cutId, chains }), points: taken };
  } catch (cause) {
    if (!(cause instanceof MintError)) throw cause;
    throw refused(cause.message, cause);
  }
}

function requireSame(plan: EpochPlan, asked: PlanOutline): void {
  const hash = planHash(asked);
  if (plan.hash === hash) return;
  const wrong = plan.chains.flatMap(({ chain, cap, batches }) => {
    const other = asked.chains.find((each) => each.chain === chain);
    const same =
      JSON.stringify(other?.batches.map(({ digest }) => digest)) ===
      JSON.stringify(batches.map(({ digest }) => digest));
    return same ? [] : [`chain ${chain} with ${cap} points (asked: ${other?.cap})`];
  });
  throw refused(
    `the evidence gives plan ${plan.hash} with ${plan.points} points, asked is for ${hash} with ${asked.points}; they differ on ${wrong.join(', ') || 'their bounds'}`,
  );
}
