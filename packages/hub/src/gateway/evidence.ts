import {
  type Checkpoint,
  type CryptoSuite,
  checkpointKind,
  type Decoded,
  decodeExact,
  encode,
  equalBytes,
  fromHex,
  HUB_FRAMES,
  MINUTES_MASK,
  open,
  ProtocolError,
  type Receipt,
  receiptKind,
  seal,
} from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { HubIdentity } from './hub-identity.ts';
import type { NodeSession } from './node-session.ts';

type SealedReceipt = Decoded<(typeof HUB_FRAMES)['receipt']>;

/** Hours that a checkpoint may lie back: later ones are refused and stay with the node as its own word. */
const HOURS_OPEN = 24;

/** Takes the nodes' hourly checkpoints and answers with receipts. Both are stored before the receipt is sent. */
export class EvidenceDesk {
  readonly #sql: Sql;
  readonly #identity: HubIdentity;
  readonly #clock: Clock;
  readonly #crypto: CryptoSuite;

  constructor(by: { sql: Sql; identity: HubIdentity; clock: Clock; crypto: CryptoSuite }) {
    this.#sql = by.sql;
    this.#identity = by.identity;
    this.#clock = by.clock;
    this.#crypto = by.crypto;
  }

  /**
   * Answers the same checkpoint with the same receipt, however often it comes.
   * @throws ProtocolError for one that is not the node's, or not of an hour that can be closed.
   */
  async take(session: NodeSession, sealed: Uint8Array): Promise<void> {
    const checkpoint = this.#check(session, sealed);
    const nodeId = session.node.nodeId;
    const receipt = this.#answer(session, checkpoint, sealed);
    const now = new Date(this.#clock.now());
    const stored = await this.#sql.begin(async (tx) => {
      const fresh = await tx`insert into checkpoints (node_id, hub_hour, number, bytes, stored_at)
        values (${nodeId}, ${checkpoint.hubHour}, ${checkpoint.number}, ${Buffer.from(sealed)}, ${now})
        on conflict do nothing returning 1`;
      if (fresh.length === 0) return undefined;
      await tx`insert into receipts (node_id, hub_hour, revision, number, bytes, stored_at)
        values (${nodeId}, ${checkpoint.hubHour}, 0, ${checkpoint.number}, ${Buffer.from(encode(HUB_FRAMES.receipt, receipt))}, ${now})`;
      return receipt;
    });
    session.send('receipt', stored ?? (await this.#earlier(nodeId, checkpoint.hubHour)) ?? receipt);
  }

  #check(session: NodeSession, sealed: Uint8Array): Checkpoint {
    const checkpoint = open(checkpointKind, sealed, this.#crypto, session.facts.publicKey);
    const hour = Math.floor(this.#clock.now() / 3_600_000);
    if (!equalBytes(checkpoint.nodeId, fromHex(session.node.nodeId)))
      throw new ProtocolError('bad_signature', 'the checkpoint is that of another node');
    if (checkpoint.hubHour >= hour || checkpoint.hubHour < hour - HOURS_OPEN)
      throw new ProtocolError(
        'malformed',
        `checkpoint of hour ${checkpoint.hubHour}; ${hour - HOURS_OPEN} to ${hour - 1} are open`,
      );
    return checkpoint;
  }

  #answer(session: NodeSession, checkpoint: Checkpoint, sealed: Uint8Array): SealedReceipt {
    const { party } = this.#identity.proof;
    const body: Receipt = {
      checkpoint: this.#crypto.hash(sealed),
      nodeId: checkpoint.nodeId,
      hubHour: checkpoint.hubHour,
      minutes: checkpoint.minutes & session.node.minutes.of(checkpoint.hubHour) & MINUTES_MASK,
      gateFailures: [],
      evidence: [],
      scoreVersion: 0,
      account: '',
      revision: 0,
    };
    return {
      sealed: seal(receiptKind, body, party.key),
      region: party.chain.region,
      instance: party.chain.instance,
    };
  }

  async #earlier(nodeId: string, hubHour: number): Promise<SealedReceipt | undefined> {
    const [row] = await this.#sql<{ bytes: Uint8Array }[]>`
      select bytes from receipts where node_id = ${nodeId} and hub_hour = ${hubHour} order by revision desc limit 1`;
    return row === undefined ? undefined : decodeExact(HUB_FRAMES.receipt, row.bytes);
  }
}
