import { readPayoutAccount } from '@stoa/protocol/stoicism';
import type { FoundGuard, GuardLookup } from './guard-lookup.ts';
import { neededKeys } from './keyset.ts';
import type { Proof } from './proof-store.ts';

export type Recheck =
  | { readonly holds: true; readonly guard: FoundGuard }
  | { readonly holds: false; readonly why: string };

/**
 * Whether a proof still holds under what the chain says now: the keys of an account can change.
 * @throws GuardError where the chain can't be asked.
 */
export async function recheck(
  account: string,
  proof: Proof,
  guards: Pick<GuardLookup, 'guardOf'>,
): Promise<Recheck> {
  const verdict = readPayoutAccount(account);
  if (!verdict.ok) return { holds: false, why: verdict.why };
  const guard = await guards.guardOf(account, verdict.kind);
  const keys = new Set(guard.keyset.keys);
  const standing = proof.signatures.filter(({ key }) => keys.has(key)).length;
  const needed = neededKeys(guard.keyset);
  if (standing >= needed) return { holds: true, guard };
  const why = `The chain knows other keys for it now: ${standing} of the ${needed} that are needed have signed.`;
  return { holds: false, why };
}
