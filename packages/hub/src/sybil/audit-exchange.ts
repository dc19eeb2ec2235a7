import {
  type AuditReport,
  auditReportKind,
  type CryptoSuite,
  equalBytes,
  fromHex,
  open,
  type PayloadRef,
  ProtocolError,
  peek,
  type Random,
  toHex,
} from '@stoa/protocol';
import { auditAnswer } from '@stoa/protocol/chainweb';
import type { Clock } from '../clock.ts';
import type { GatedSession } from '../gateway/index.ts';
import type { HeldPayload } from './payload-pool.ts';

/**
 * - answered: right
 * - wrong: another answer than its payloads make
 * - unavailable: it lacks a payload, or its chainweb is down; costs it nothing
 * - refused: its agent was asked too often
 * - silent: nothing within the time, or its session ended
 */
export type AuditResult = 'answered' | 'wrong' | 'unavailable' | 'refused' | 'silent';

export interface Told {
  readonly result: AuditResult;
  /** From question to answer, as the hub measures it. */
  readonly ms: number;
  /** `auditReportKind`, signed by the node; undefined where it was silent. */
  readonly sealed: Uint8Array | undefined;
}

const OTHER_NODE = 'an audit is answered by another node than the one that was asked';

/** To a node, with the answer that it must give: made before anything is sent, so that no work of the hub's falls into what it measures. */
export interface Question {
  readonly session: GatedSession;
  readonly nonce: Uint8Array;
  readonly refs: PayloadRef[];
  readonly expected: Uint8Array;
}

interface Asked {
  readonly nodeId: string;
  /** Monotonic. */
  readonly at: number;
  readonly expected: Uint8Array;
  readonly tell: (told: Told) => void;
  isAnswered: boolean;
}

export interface AuditExchangeDeps {
  /** Keys that a node may sign with. */
  readonly keysOf: (nodeId: string, now: Date) => Promise<readonly Uint8Array[]>;
  readonly clock: Clock;
  /** What answers are timed by, ms: a wall clock is set now and then. */
  readonly monotonic: () => number;
  readonly random: Random;
  readonly crypto: CryptoSuite;
}

/** Questions to nodes and what they answer. The time of an answer is when its frame came, before anything else is done with it. */
export class AuditExchange {
  readonly #deps: AuditExchangeDeps;
  readonly #asked = new Map<string, Asked>();

  constructor(deps: AuditExchangeDeps) {
    this.#deps = deps;
  }

  /** Without payloads the answer costs the node nothing: the round trip. */
  prepare(session: GatedSession, payloads: readonly HeldPayload[]): Question {
    const { random, crypto } = this.#deps;
    const nonce = random(16);
    const nodeId = fromHex(session.node.nodeId);
    const named = { nonce, nodeId, payloads: payloads.map(({ payload }) => payload) };
    const refs = payloads.map(({ ref }) => ref);
    return { session, nonce, refs, expected: auditAnswer(crypto.hash, named) };
  }

  /** Never rejects. */
  ask({ session, nonce, refs, expected }: Question, withinMs: number): Promise<Told> {
    const { clock, monotonic } = this.#deps;
    const { nodeId } = session.node;
    const key = toHex(nonce);
    return new Promise((resolve) => {
      const cancel = clock.after(withinMs, () => tell({ result: 'silent', ms: withinMs, sealed: undefined }));
      const tell = (told: Told) => {
        cancel();
        this.#asked.delete(key);
        resolve(told);
      };
      this.#asked.set(key, { nodeId, at: monotonic(), expected, tell, isAnswered: false });
      session.send('auditChallenge', { nonce, payloads: refs });
    });
  }

  /**
   * A question takes one answer: no frame costs a query or a signature that nobody asked this node for.
   * @throws ProtocolError for an answer to another's question, or one that the node did not sign: it stays silent then.
   */
  async response(session: Pick<GatedSession, 'node'>, sealed: Uint8Array): Promise<void> {
    const { clock, monotonic } = this.#deps;
    const at = monotonic();
    const { nodeId } = session.node;
    const copy = sealed.slice();
    const asked = this.#asked.get(toHex(peek(auditReportKind, copy).nonce));
    // Late, or told twice.
    if (asked === undefined || asked.isAnswered) return;
    if (asked.nodeId !== nodeId) throw new ProtocolError('malformed', OTHER_NODE);
    asked.isAnswered = true;
    const report = await this.#open(nodeId, copy, clock.now());
    if (!equalBytes(report.node, fromHex(nodeId))) throw new ProtocolError('malformed', OTHER_NODE);
    const isRight = report.outcome === 'answered' && equalBytes(report.answer, asked.expected);
    const result = report.outcome !== 'answered' ? report.outcome : isRight ? 'answered' : 'wrong';
    asked.tell({ result, ms: at - asked.at, sealed: copy });
  }

  /** Nobody answers any more. */
  ended(nodeId: string): void {
    const at = this.#deps.monotonic();
    for (const asked of this.#asked.values())
      if (asked.nodeId === nodeId) asked.tell({ result: 'silent', ms: at - asked.at, sealed: undefined });
  }

  async #open(nodeId: string, sealed: Uint8Array, now: number): Promise<AuditReport> {
    const { keysOf, crypto } = this.#deps;
    const keys = await keysOf(nodeId, new Date(now));
    for (const [i, key] of keys.entries()) {
      try {
        return open(auditReportKind, sealed, crypto, key);
      } catch (error) {
        if (i === keys.length - 1) throw error;
      }
    }
    throw new ProtocolError('bad_signature', `node ${nodeId} is not registered`);
  }
}
