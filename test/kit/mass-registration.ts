import type { DbAdapter } from '@stoa/hub';
import { toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { SignerClient } from '@stoa/signer/client';
import { random, type WireIdentity, wireIdentity } from './wire-agent.ts';

/** Registers nodes in one statement, as enrolling them one by one is another test's matter; they share a certificate. */
export async function registerAll(
  count: number,
  by: { database: Pick<DbAdapter, 'sql'>; signer: SignerClient },
): Promise<(WireIdentity & { nodeId: string })[]> {
  const { region, rootFingerprint } = await by.signer.chain();
  const credential = await by.signer.enrol({
    publicKey: nodeCrypto.signingKey(random(32)).publicKey,
    tokenId: random(16),
  });
  const identities = Array.from({ length: count }, () => {
    const key = nodeCrypto.signingKey(random(32));
    const identity = wireIdentity(key, credential, { name: region, rootFingerprint });
    return { ...identity, nodeId: toHex(identity.id) };
  });
  await by.database.sql`
    insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
    select id, 'herd', 'a@example.org', ${region}, decode(key, 'hex'), '\\x00'::bytea, now()
    from unnest(${identities.map(({ nodeId }) => nodeId)}::text[],
      ${identities.map(({ key }) => toHex(key.publicKey))}::text[]) as n(id, key)`;
  return identities;
}
