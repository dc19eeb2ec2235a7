import { splitFee, wordPoints } from '@stoa/protocol/stoicism';
import { type AccountId, type Basis, type EventDraft, type Kind, NO_BASIS } from './event.ts';
import type { NodeHourWords, Payee, Score } from './sources.ts';

/** What an hour of a node is worth to one account, in one bucket. */
export interface Claim {
  readonly kind: Extract<Kind, 'accrual' | 'fee' | 'pending' | 'pending-fee'>;
  readonly accountId: AccountId;
  readonly amount: bigint;
  readonly basis: Basis;
  readonly ownerId: string;
}

/** What was written of a node's hour so far, by kind and account. */
export interface Written {
  readonly kind: Kind;
  readonly accountId: AccountId;
  /** Over all revisions. */
  readonly amount: bigint;
  /** The highest. */
  readonly revision: number;
}

/** A node's hour by the words as they stand now: paid minutes go to Current, those of the warm-up wait. A fee is taken of both alike. */
export function claimsOf(words: NodeHourWords, score: Score, payee: Payee): Claim[] {
  return [
    ...split(words.paid, { score, payee }, ['accrual', 'fee']),
    ...split(words.pending, { score, payee }, ['pending', 'pending-fee']),
  ].filter(({ amount }) => amount > 0n);
}

function split(
  minutes: bigint,
  { score, payee }: { score: Score; payee: Payee },
  [own, fee]: readonly [Claim['kind'], Claim['kind']],
): Claim[] {
  const basis = { minutes, microScore: score.micro, scoreVersion: score.version };
  const whole = wordPoints(minutes, score.micro);
  const { tunnel } = payee;
  const shares = splitFee(whole, tunnel?.permille1 ?? 0);
  const { accountId, ownerId } = payee;
  const rest: Claim = { kind: own, accountId, amount: shares.rest, basis, ownerId };
  if (tunnel === undefined) return [rest];
  const { accountId: to, ownerId: lender } = tunnel;
  return [rest, { kind: fee, accountId: to, amount: shares.fee, basis, ownerId: lender }];
}

/** How the words of an hour differ from what was written of it. */
export type Difference =
  | { readonly kind: 'none' }
  | { readonly kind: 'more'; readonly amount: bigint; readonly drafts: readonly EventDraft[] }
  /**
   * Less was earned than is banked, if only by one of the accounts, as after a transfer that was applied late: what is banked is
   * never lost but by an adjustment, with its reason.
   */
  | { readonly kind: 'less' /** What they would lose. */; readonly amount: bigint };

/**
 * The events by which what was written becomes what is claimed, all of one revision. The same again gives none, so it does
 * not matter who closes an hour, how often, or where somebody stopped.
 * @param least the revision of this pass: 0 for the first, 1 for what comes later.
 */
export function differenceOf(
  { nodeId, hubHour }: Pick<NodeHourWords, 'nodeId' | 'hubHour'>,
  { claims, written, least }: { claims: readonly Claim[]; written: readonly Written[]; least: number },
): Difference {
  if (written.length === 0) return firstOf({ nodeId, hubHour }, claims, least);
  const of = ({ kind, accountId }: Pick<Claim, 'kind' | 'accountId'>) => `${kind} ${accountId}`;
  const earned = written.filter(isClaim);
  const before = new Map(earned.map((one) => [of(one), one.amount]));
  const claimed = new Set(claims.map(of));
  const dropped = earned.filter((one) => one.amount !== 0n && !claimed.has(of(one)));
  const owners = new Map(claims.map(({ accountId, ownerId }) => [accountId, ownerId]));
  const changes = [
    ...claims.map((claim) => ({ ...claim, amount: claim.amount - (before.get(of(claim)) ?? 0n) })),
    ...dropped.map((one) => ({
      ...{ ...one, amount: -one.amount, basis: NO_BASIS },
      ownerId: owners.get(one.accountId),
    })),
  ].filter(({ amount }) => amount !== 0n);
  if (changes.length === 0) return { kind: 'none' };
  const lost = lossOf(changes);
  if (lost < 0n) return { kind: 'less', amount: lost };
  const sum = changes.reduce((all, { amount }) => all + amount, 0n);
  const revision = revisionAfter(written, least);
  const drafts = changes.map(({ kind, accountId, amount, basis, ownerId }) => ({
    ...{ kind, accountId, amount, basis, ownerId, nodeId, revision, hour: hubHour, ref: '' },
  }));
  return { kind: 'more', amount: sum, drafts };
}

/** Nothing was written yet. */
function firstOf(
  { nodeId, hubHour }: Pick<NodeHourWords, 'nodeId' | 'hubHour'>,
  claims: readonly Claim[],
  revision: number,
): Difference {
  if (claims.length === 0) return { kind: 'none' };
  const drafts = claims.map(({ kind, accountId, amount, basis, ownerId }) => ({
    ...{ kind, accountId, amount, basis, ownerId, nodeId, revision, hour: hubHour, ref: '' },
  }));
  return { kind: 'more', amount: claims.reduce((all, { amount }) => all + amount, 0n), drafts };
}

/** Of all accounts that would have less by these changes than before; a minute that only moves to another bucket is none. */
function lossOf(changes: readonly Pick<Claim, 'accountId' | 'amount'>[]): bigint {
  const sums = new Map<string, bigint>();
  for (const { accountId, amount } of changes) sums.set(accountId, (sums.get(accountId) ?? 0n) + amount);
  return [...sums.values()].reduce((lost, sum) => (sum < 0n ? lost + sum : lost), 0n);
}

/** Which revision of a node's hour is written next. */
export function revisionAfter(written: readonly Pick<Written, 'revision'>[], least: number): number {
  return written.reduce((next, { revision }) => Math.max(next, revision + 1), least);
}

const CLAIMS: ReadonlySet<Kind> = new Set(['accrual', 'fee', 'pending', 'pending-fee']);

function isClaim(written: Written): written is Written & Pick<Claim, 'kind'> {
  return CLAIMS.has(written.kind);
}
