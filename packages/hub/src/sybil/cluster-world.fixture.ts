import {
  type AuditChallenge,
  auditReportKind,
  CAPABILITY,
  fromHex,
  type SigningKey,
  seal,
  toHex,
} from '@stoa/protocol';
import { auditAnswer, hashBytes, hashText, type Payload, payloadHash } from '@stoa/protocol/chainweb';
import { seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Clock } from '../clock.ts';
import type { GatedSession } from '../gateway/index.ts';
import type { AuditExchange } from './audit-exchange.ts';
import type { HeldPayload } from './payload-pool.ts';

/** Time that goes on only when it is told to. */
export class StepClock implements Clock {
  time: number = Date.UTC(2026, 10, 26);
  readonly #tasks = new Set<{ at: number; run: () => void }>();

  now(): number {
    return this.time;
  }

  after(delayMs: number, run: () => void): () => void {
    const task = { at: this.time + delayMs, run };
    this.#tasks.add(task);
    return () => this.#tasks.delete(task);
  }

  /** To the next thing that is due. Returns whether there was one. */
  async step(): Promise<boolean> {
    const [next] = [...this.#tasks].sort((a, b) => a.at - b.at);
    if (next !== undefined) {
      this.#tasks.delete(next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    await new Promise(setImmediate);
    return next !== undefined;
  }
}

/** Payloads that the hub holds, and every node of the world that is not pruned. */
export const PAYLOADS: readonly HeldPayload[] = Array.from({ length: 64 }, (_, i) => {
  const payload: Payload = {
    minerData: Uint8Array.of(i),
    transactions: [],
    outputsHash: hashText(new Uint8Array(32)),
  };
  return { payload, ref: { chain: i % 10, height: i, hash: hashBytes(payloadHash(payload)) } };
});

/** What serves reads, one after another. */
export interface Machine {
  freeAt: number;
  readonly msARead: number;
}

export interface NodeTraits {
  readonly machine: Machine;
  readonly owner?: string;
  readonly address?: string;
  readonly rttMs?: number;
  /** Of sleep, when nobody else of its machine is asked. */
  readonly sleepsAloneMs?: number;
  readonly answers?: 'right' | 'wrong' | 'unavailable' | 'never';
}

/** A node with a session, as it answers audits. */
export class AuditedNode {
  static #count = 0;
  readonly key: SigningKey;
  readonly nodeId: string;
  readonly session: GatedSession;
  asked = 0;
  /** Whoever is asked for its round trip is asked alone next. */
  #wasTrip = false;
  readonly #clock: Clock;
  readonly #traits: NodeTraits;
  readonly #exchange: () => AuditExchange;

  constructor(traits: NodeTraits, by: { clock: Clock; exchange: () => AuditExchange }) {
    AuditedNode.#count += 1;
    this.key = nodeCrypto.signingKey(
      nodeCrypto.hash(new Uint8Array([AuditedNode.#count & 255, AuditedNode.#count >> 8])),
    );
    this.nodeId = toHex(nodeCrypto.hash(this.key.publicKey));
    this.#traits = traits;
    this.#clock = by.clock;
    this.#exchange = by.exchange;
    const { owner = 'owner', address = '5.6.7.8' } = traits;
    this.session = {
      node: {
        ...{ nodeId: this.nodeId, owner, site: `${address.split('.').slice(0, 3).join('.')}.0/24` },
        ...{ tipHash: () => undefined, reportedTips: () => [] },
      },
      facts: {
        ...{ epoch: 1, sessionId: '', bootId: '', address, quarantined: false, pingMs: 1 },
        capabilities: CAPABILITY.audits,
      },
      send: (_name, value) => this.#challenged(value as AuditChallenge),
    };
  }

  #challenged({ nonce, payloads }: AuditChallenge): void {
    const { machine, rttMs = 20, answers = 'right', sleepsAloneMs = 0 } = this.#traits;
    this.asked += 1;
    if (answers === 'never') return;
    const isAlone = machine.freeAt <= this.#clock.now() && payloads.length > 0;
    const came = this.#clock.now() + rttMs / 2 + (isAlone && this.#wasTrip ? sleepsAloneMs : 0);
    this.#wasTrip = payloads.length === 0;
    if (payloads.length > 0)
      machine.freeAt = Math.max(came, machine.freeAt) + payloads.length * machine.msARead;
    const doneAt = payloads.length > 0 ? machine.freeAt : came;
    this.#clock.after(doneAt + rttMs / 2 - this.#clock.now(), () => void this.#tell(nonce, payloads));
  }

  #tell(nonce: Uint8Array, refs: AuditChallenge['payloads']): Promise<void> {
    const { answers = 'right' } = this.#traits;
    const nodeId = fromHex(this.nodeId);
    const held = refs.map(
      ({ hash }) => PAYLOADS.find(({ ref }) => Buffer.compare(ref.hash, hash) === 0)!.payload,
    );
    const read = answers === 'wrong' ? held.slice(1) : held;
    const outcome = answers === 'unavailable' && refs.length > 0 ? 'unavailable' : 'answered';
    const answer = auditAnswer(nodeCrypto.hash, { nonce, nodeId, payloads: read });
    const sealed = seal(auditReportKind, { nonce, node: nodeId, outcome, answer, tookMs: 1 }, this.key);
    return this.#exchange().response(this.session, sealed);
  }
}

export const random: (count: number) => Uint8Array = seededRandom('audits');
