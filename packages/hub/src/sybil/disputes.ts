import { type Random, toHex } from '@stoa/protocol';
import { requireFresh } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { SharedCertificate } from '../gates/index.ts';
import { notFound } from '../http-error.ts';
import type { Log } from '../log.ts';
import type { Viewer } from '../viewer.ts';
import type { DisputeDecision } from './dispute.ts';
import { DisputeStore } from './dispute-store.ts';
import { slowed } from './pace.ts';
import type { AuditRound, RoundStore } from './round-store.ts';

/** Of the last rounds of a cluster, how many must look like one machine: a single one may be a busy hour. */
const ROUNDS = 3;
const LEAST = 2;
const LATELY_MS = 7 * 24 * 3_600_000;

export interface DisputesDeps {
  readonly store: DisputeStore;
  readonly rounds: Pick<RoundStore, 'lately'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  readonly log: Log;
}

/** Opens disputes by what audits and dial-backs showed. None of them changes what a node earns. */
export class Disputes {
  readonly #deps: DisputesDeps;

  constructor(deps: DisputesDeps) {
    this.#deps = deps;
  }

  /** Of a cluster only those are named whose own times tell it, twice: others that were asked with them are bystanders. */
  async audited(round: AuditRound): Promise<void> {
    const { cluster, at } = round;
    await this.#wrong(round);
    const lately = await this.#deps.rounds.lately(cluster, at - LATELY_MS, ROUNDS);
    const like = lately.filter(({ pace }) => pace === 'in-turn' || pace === 'shared');
    const times = new Map<string, number>();
    for (const { answers } of like)
      for (const { nodeId } of slowed(answers.filter(({ result }) => result === 'answered')))
        times.set(nodeId, (times.get(nodeId) ?? 0) + 1);
    const nodeIds = [...times].filter(([, count]) => count >= LEAST).map(([nodeId]) => nodeId);
    if (nodeIds.length === 0) return;
    const evidence = like.map((told) => ({ what: 'round', ...told }) as const);
    await this.#raise({ kind: 'audit', subject: cluster, at, nodeIds, evidence });
  }

  /** Signed, and not what its payloads make: of that node alone, without waiting for a second one. */
  async #wrong(round: AuditRound): Promise<void> {
    for (const answer of round.answers)
      if (answer.result === 'wrong')
        await this.#raise({
          ...{ kind: 'answer', subject: answer.nodeId, at: round.at, nodeIds: [answer.nodeId] },
          evidence: [{ what: 'round', ...round, answers: [answer] }],
        });
  }

  async shared(shared: SharedCertificate): Promise<void> {
    const at = this.#deps.clock.now();
    await this.#raise({
      ...{ kind: 'certificate', subject: shared.fingerprint, at },
      nodeIds: [shared.holder, shared.rival],
      evidence: [{ what: 'certificate', at, ...shared }],
    });
  }

  async #raise(by: Omit<Parameters<DisputeStore['raise']>[0], 'disputeId'>): Promise<void> {
    const { store, random, log } = this.#deps;
    const isNew = await store.raise({ disputeId: toHex(random(8)), ...by });
    if (isNew)
      log.warn({ kind: by.kind, subject: by.subject, nodes: by.nodeIds.length }, 'nodes are disputed');
  }
}

/** What people decide of them. */
export class DisputeDesk {
  readonly #sql: Sql;
  readonly #store: DisputeStore;
  readonly #audit: Pick<AuditLog, 'appendIn'>;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { sql: Sql; audit: Pick<AuditLog, 'appendIn'>; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#store = new DisputeStore(by.sql);
    this.#audit = by.audit;
    this.#clock = by.clock;
  }

  /**
   * Recorded, and nothing else: points are changed by an adjustment of the ledger, which two Ancients sign for.
   * @param by.nodeIds all that are open where it is left out.
   * @throws {HttpError} 404 for one that is not open, or a node that is not.
   */
  async decide(
    viewer: Viewer,
    disputeId: string,
    by: { word: DisputeDecision; reason: string; nodeIds?: readonly string[] | undefined },
  ): Promise<void> {
    const now = this.#clock.now();
    requireFresh(viewer, now);
    await this.#sql.begin(async (tx) => {
      const { word, reason, nodeIds } = by;
      const dispute = await this.#store.decide(tx, disputeId, { word, at: now, reason, nodeIds });
      if (dispute === undefined) throw notFound('This dispute');
      await this.#audit.appendIn(tx, {
        ...{ actor: viewer.email, act: `dispute.${word}`, subject: disputeId },
        detail: { ...dispute, reason },
      });
    });
  }
}
