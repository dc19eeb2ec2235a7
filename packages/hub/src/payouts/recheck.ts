import { readPayoutAccount } from '@stoa/protocol/stoicism';
import type { FoundGuard, GuardLookup } from './guard-lookup.ts';
import { neededKeys, readSignatures, signersOfText, type Verifier } from './keyset.ts';
import type { Proof } from './proof-store.ts';

export type Recheck =
  | { readonly holds: true; readonly guard: FoundGuard }
  | { readonly holds: false; readonly why: string };

/**
 * Whether a proof still holds under what the chain says now: the keys of an account can change. What is kept is read as
 * anything from outside is: each signature is verified again.
 * @throws GuardError where the chain can't be asked.
 */
export async function recheck(
  account: string,
  proof: Proof,
  { guards, verify }: { guards: Pick<GuardLookup, 'guardOf'>; verify: Verifier },
): Promise<Recheck> {
  const verdict = readPayoutAccount(account);
  if (!verdict.ok) return { holds: false, why: verdict.why };
  const guard = await guards.guardOf(account, verdict.kind);
  const signatures = proof.signatures.map(({ signature }) => signature);
  const named = proof.challenge.split('\n');
  const isOfThis = [`account: ${account}`, `person: ${proof.email}`].every((line) => named.includes(line));
  if (!isOfThis || readSignatures(signatures.join('\n')) === undefined)
    return { holds: false, why: 'What is kept of it is no proof of this account and person.' };
  const { keys } = guard.keyset;
  const standing = signersOfText(proof.challenge, { keys, signatures, verify }).length;
  const needed = neededKeys(guard.keyset);
  if (standing >= needed) return { holds: true, guard };
  const why = `Of the keys that the chain knows for it now, ${standing} of the ${needed} that are needed have signed what is kept.`;
  return { holds: false, why };
}
