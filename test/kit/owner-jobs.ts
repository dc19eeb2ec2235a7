import {
  formatParams,
  type JobMessage,
  jobKind,
  type KindName,
  kindOf,
  orderKind,
  type ParamValues,
  rootFromProof,
  type SigningKey,
  seal,
} from '@stoa/protocol';
import { makeParties, NOW, type Parties } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { random } from './wire-agent.ts';

/** A region, a node and its owner, who order jobs of that node. */
export class OwnerJobs {
  readonly parties: Parties = makeParties('owner jobs');
  readonly owner: SigningKey = nodeCrypto.signingKey(random(32));
  #tokens = 0;

  job(kind: KindName, params: ParamValues = {}): JobMessage {
    this.#tokens += 1;
    const { nodeId, keys, chain } = this.parties;
    const text = formatParams(kindOf(kind).parameters, params);
    const job = {
      nodeId,
      jobId: random(16),
      kind,
      attempt: 1,
      fencingToken: this.#tokens,
      leaseMs: 90_000,
      deadline: NOW + 3_600_000,
      maxAttempts: 1,
      idempotencyKey: random(16),
      params: text,
    };
    const order = {
      orderId: random(16),
      region: 'eu',
      kind,
      paramsHash: nodeCrypto.hash(new TextEncoder().encode(text)),
      nodes: rootFromProof(nodeId, [], nodeCrypto.hash),
      nodeCount: 1,
      maxAttempts: 1,
      signer: 'owner@example.org',
      signerKey: this.owner.publicKey,
      issuedAt: NOW,
      expiresAt: NOW + 86_400_000,
    };
    return {
      sealed: seal(jobKind, job, keys.instance),
      hub: chain,
      order: { sealed: seal(orderKind, order, this.owner), admin: undefined, proof: [] },
    };
  }
}
