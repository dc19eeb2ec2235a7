import type { SignedKind } from '@stoa/protocol';
import { SignerError } from '#error.ts';
import { type Approved, openApproval, type Placed, unapproved } from '#mint/approval.ts';
import type { MintConfig } from '#mint/config.ts';

/** Approvers who say the same. */
export interface Alike<T> {
  readonly body: T;
  /** Each once. */
  readonly names: readonly string[];
  /** How many of them are persons. */
  readonly people: number;
}

interface Counting<T> {
  readonly config: MintConfig;
  /** Two of the same text say the same. */
  readonly textOf: (body: T) => string;
  /** Why one says nothing about what is asked for; undefined where it does. */
  readonly besides: (approved: Approved<T>) => string | undefined;
}

/**
 * Groups approvals by what they say. One that does not open, or is of something else, says nothing about what is asked for:
 * whoever can bring one must not be able to stop it.
 * @returns also why each other approval is in no group. The group with the newest approval is first.
 */
export function alike<T extends Placed>(
  kind: SignedKind<T>,
  sealed: readonly Uint8Array[],
  { config, textOf, besides }: Counting<T>,
): { groups: Alike<T>[]; uncounted: string[] } {
  const opened = sealed.map((one) => openOr(kind, one, config));
  const uncounted = opened.flatMap((one) => (typeof one === 'string' ? one : (besides(one) ?? [])));
  const counted = opened
    .filter((one) => typeof one !== 'string')
    .filter((one) => besides(one) === undefined)
    .toSorted((a, b) => b.body.at - a.body.at);
  const groups = [...Map.groupBy(counted, ({ body }) => textOf(body)).values()].map(groupOf);
  return { groups, uncounted };
}

/**
 * What so many persons approved. Where several things are, the newest of them is meant: older approvals can be brought again.
 * @throws SignerError `mint_plan_unapproved`, with why each other approval was not counted.
 */
export function requirePersons<T extends Placed>(
  kind: SignedKind<T>,
  sealed: readonly Uint8Array[],
  by: Counting<T> & { readonly needed: number; readonly what: string },
): Alike<T> {
  const { needed, what, textOf } = by;
  const besides = (approved: Approved<T>): string | undefined =>
    approved.approver.role === 'person' ? by.besides(approved) : `'${approved.approver.name}' is no person`;
  const { groups, uncounted } = alike(kind, sealed, { ...by, besides });
  const enough = groups.find(({ people }) => people >= needed);
  if (enough !== undefined) return enough;
  const [most, ...others] = groups.toSorted((a, b) => b.people - a.people);
  if (most === undefined) throw unapproved(`no person approved ${what}${uncountedText(uncounted)}`);
  for (const { names, body } of others) uncounted.push(`${names.join(', ')} approved ${textOf(body)}`);
  throw unapproved(
    `${textOf(most.body)} has ${most.people} approvals (${most.names.join(', ')}): ${needed} are needed${uncountedText(uncounted)}`,
  );
}

export function uncountedText(uncounted: readonly string[]): string {
  return uncounted.length === 0 ? '' : `; not counted: ${uncounted.join('; ')}`;
}

/** @returns why it does not open, where it doesn't. */
function openOr<T extends Placed>(
  kind: SignedKind<T>,
  sealed: Uint8Array,
  config: MintConfig,
): Approved<T> | string {
  try {
    return openApproval(kind, sealed, config);
  } catch (error) {
    if (error instanceof SignerError && error.code === 'mint_plan_unapproved') return error.message;
    throw error;
  }
}

function groupOf<T>(approved: readonly Approved<T>[]): Alike<T> {
  const roles = new Map(approved.map(({ approver }) => [approver.name, approver.role]));
  return {
    body: approved[0]!.body,
    names: [...roles.keys()],
    people: [...roles.values()].filter((role) => role === 'person').length,
  };
}
