import {
  type Checkpoint,
  type CryptoSuite,
  checkpointKind,
  encode,
  equalBytes,
  FRAME,
  fromHex,
  HUB_FRAMES,
  MINUTES_MASK,
  open,
  ProtocolError,
  type Receipt,
  receiptKind,
  seal,
} from '@stoa/protocol';
import { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import type { EvidenceStore } from './evidence-store.ts';
import type { HubIdentity } from './hub-identity.ts';
import type { NodeSession } from './node-session.ts';
import type { UptimeStore } from './uptime-store.ts';

/** Hours that a checkpoint may lie back: later ones are refused and stay with the node as its own word. */
const HOURS_OPEN = 24;
const HOUR_MS = 3_600_000;
/** Within minutes of an hour's end each node sends one. */
const WINDOW = { windowMs: 20, maxItems: 200 };

interface Claimed {
  readonly nodeId: string;
  readonly checkpoint: Checkpoint;
  readonly sealed: Uint8Array;
}

/** By what an hour of a node counts: settled before the hour began, so that it is the same whenever it is asked. */
export interface HourTerms {
  /** Empty: no account was named. */
  readonly accountId: string;
  /** 0: the node had no score. */
  readonly scoreVersion: number;
}

export type TermsOf = (
  hubHour: number,
  nodeIds: readonly string[],
) => Promise<ReadonlyMap<string, HourTerms>>;

const NO_TERMS: HourTerms = { accountId: '', scoreVersion: 0 };

export interface EvidenceDeps {
  readonly store: EvidenceStore;
  readonly words: UptimeStore;
  readonly termsOf: TermsOf;
  /** The key in force, and the one before it while that may be used. */
  readonly keysOf: (nodeId: string) => Promise<readonly Uint8Array[]>;
  readonly identity: HubIdentity;
  readonly clock: Clock;
  readonly crypto: CryptoSuite;
}

/** Takes the nodes' hourly checkpoints and answers with receipts. Both are stored before the receipt is sent. */
export class EvidenceDesk {
  readonly #deps: EvidenceDeps;
  readonly #closing: Batcher<Claimed, Uint8Array>;

  constructor(deps: EvidenceDeps) {
    this.#deps = deps;
    this.#closing = new Batcher({ clock: deps.clock, ...WINDOW }, (claimed) => this.#close(claimed));
  }

  /**
   * Answers the same checkpoint with the same receipt, however often it comes; a second one for an hour with the first
   * one's. One of an hour that cannot be closed is refused in words: the session has done no wrong.
   * @throws ProtocolError for one that is not the node's.
   */
  async take(session: NodeSession, sealed: Uint8Array): Promise<void> {
    const { nodeId } = session.node;
    // What came is a view of a buffer that is not ours to keep.
    const copy = sealed.slice();
    const checkpoint = await this.#open(nodeId, copy);
    const hour = Math.floor(this.#deps.clock.now() / HOUR_MS);
    if (checkpoint.hubHour >= hour || checkpoint.hubHour < hour - HOURS_OPEN) {
      const message = `checkpoint of hour ${checkpoint.hubHour}; ${hour - HOURS_OPEN} to ${hour - 1} are open`;
      session.send('error', { code: 'hour_not_open', retry: checkpoint.hubHour >= hour, message });
      return;
    }
    const payload = await this.#closing.submit({ nodeId, checkpoint, sealed: copy });
    session.sendEncoded({ type: FRAME.receipt, payload });
  }

  /** Signed by the key in force or the one before: what waited to be sent may be older than a rotation. */
  async #open(nodeId: string, sealed: Uint8Array): Promise<Checkpoint> {
    const { crypto, keysOf } = this.#deps;
    const keys = await keysOf(nodeId);
    for (const [i, key] of keys.entries()) {
      try {
        const checkpoint = open(checkpointKind, sealed, crypto, key);
        if (equalBytes(checkpoint.nodeId, fromHex(nodeId))) return checkpoint;
        throw new ProtocolError('bad_signature', 'the checkpoint is that of another node');
      } catch (error) {
        if (i === keys.length - 1) throw error;
      }
    }
    throw new ProtocolError('bad_signature', `node ${nodeId} is not registered`);
  }

  async #close(claimed: readonly Claimed[]): Promise<readonly Uint8Array[]> {
    const { store, words, clock } = this.#deps;
    const [minutes, terms] = await Promise.all([
      words.minutes(claimed.map(({ nodeId, checkpoint: { hubHour } }) => ({ nodeId, hubHour }))),
      this.#terms(claimed),
    ]);
    const entries = claimed.map(({ nodeId, checkpoint, sealed }, i) => ({
      nodeId,
      hubHour: checkpoint.hubHour,
      number: checkpoint.number,
      checkpoint: sealed,
      receipt: this.#receipt({ nodeId, checkpoint, sealed }, minutes[i]!, terms(nodeId, checkpoint.hubHour)),
    }));
    return store.close(entries, new Date(clock.now()));
  }

  async #terms(claimed: readonly Claimed[]): Promise<(nodeId: string, hubHour: number) => HourTerms> {
    const byHour = Map.groupBy(claimed, ({ checkpoint }) => checkpoint.hubHour);
    const asked = [...byHour].map(async ([hubHour, claims]) => {
      const ids = claims.map(({ nodeId }) => nodeId);
      return [hubHour, await this.#deps.termsOf(hubHour, ids)] as const;
    });
    const found = new Map(await Promise.all(asked));
    return (nodeId, hubHour) => found.get(hubHour)?.get(nodeId) ?? NO_TERMS;
  }

  /** The hub's answer, encoded: both sign the minutes that both know of. */
  #receipt({ checkpoint, sealed }: Claimed, acknowledged: bigint, terms: HourTerms): Uint8Array {
    const { identity, crypto } = this.#deps;
    const { party } = identity.proof;
    const body: Receipt = {
      checkpoint: crypto.hash(sealed),
      nodeId: checkpoint.nodeId,
      hubHour: checkpoint.hubHour,
      minutes: checkpoint.minutes & acknowledged & MINUTES_MASK,
      gateFailures: [],
      evidence: [],
      scoreVersion: terms.scoreVersion,
      account: terms.accountId,
      revision: 0,
    };
    const { region, instance } = party.chain;
    return encode(HUB_FRAMES.receipt, { sealed: seal(receiptKind, body, party.key), region, instance });
  }
}
