import { loadRequiredChainweb } from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Lease } from '../leases/index.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import {
  type EndingKey,
  KEY_NOTICE_MS,
  keyFacts,
  miningFacts,
  type WatchedKey,
  watchAccounts,
} from './account-watch.ts';
import type { Course } from './course.ts';
import type { Freezes } from './freezes.ts';
import { watchNodes } from './node-watch.ts';
import { Outbox } from './outbox.ts';
import {
  type Expiry,
  type HaltedRollout,
  type MintTrouble,
  type RefusedEvidence,
  regionFacts,
  watchRegion,
} from './region-watch.ts';
import { ACCOUNT_RULE_IDS } from './rule.ts';
import type { Disputed, PayoutMissing } from './rule-sql.ts';
import { Scope, type SelectorLanguage } from './scope.ts';
import { REGION_OWNER, Settings } from './settings.ts';
import { StandingStore } from './standing-store.ts';
import { WatchStore } from './watch-store.ts';

/** Nodes in one transaction, and transactions in one tick: what is over waits for the next. */
const NODES_A_PASS = 10_000;
const PASSES_A_TICK = 4;

export interface EvaluatorDeps {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly log: Log;
  readonly lease: Lease;
  readonly freezes: Freezes;
  readonly language: SelectorLanguage;
  /** E-mails of the admins, who hear what is about the region. */
  readonly admins: () => Promise<readonly string[]>;
  readonly expiries: () => readonly Expiry[];
  /** Keys that end within `noticeMs`, or did so within it. */
  readonly endingKeys: (span: { now: number; noticeMs: number }) => Promise<readonly EndingKey[]>;
  /** Mining keys that are silent, and of those of which that was told the ones that are no more. */
  readonly silentKeys?: (told: readonly string[]) => Promise<readonly WatchedKey[]>;
  readonly haltedRollouts: () => Promise<readonly HaltedRollout[]>;
  readonly refusedEvidence?: () => readonly RefusedEvidence[];
  readonly mintTroubles?: (now: number) => Promise<readonly MintTrouble[]>;
  readonly payoutMissing?: PayoutMissing;
  readonly disputed?: Disputed;
}

/**
 * Judges every rule over the fleet, on whichever instance holds the lease. What changed, who is to hear of it, and the
 * messages that tell it are written in one transaction: a hub that is killed at any moment has told all or will.
 */
export class Evaluator implements Task {
  readonly name = 'alert-evaluator';
  readonly periodMs = 10_000;
  readonly #deps: EvaluatorDeps;
  #epoch: number | undefined;

  constructor(deps: EvaluatorDeps) {
    this.#deps = deps;
  }

  /** The epoch under which this instance evaluates; undefined: another does. */
  get epoch(): number | undefined {
    return this.#epoch;
  }

  async tick(): Promise<void> {
    const { lease, freezes } = this.#deps;
    await freezes.tell();
    const epoch = await lease.hold();
    if (epoch !== undefined && this.#epoch === undefined)
      this.#deps.log.info({ epoch }, 'this instance evaluates the alerts');
    this.#epoch = epoch;
    if (epoch === undefined) return;
    await this.#pass(epoch, (sql) => this.#region(sql));
    await this.#pass(epoch, (sql) => this.#accounts(sql));
    for (let passes = 0; passes < PASSES_A_TICK; passes += 1) {
      const nodes = await this.#pass(epoch, (sql) => this.#nodes(sql));
      if (nodes === undefined || nodes < NODES_A_PASS) return;
      await lease.hold();
    }
  }

  /** @returns what the work returns; undefined where the lease was lost: then nothing was written. */
  #pass<T>(epoch: number, work: (sql: Sql) => Promise<T>): Promise<T | undefined> {
    return this.#deps.sql.begin(async (transaction) => {
      // A transaction takes the same statements; its type lacks what opens others.
      const sql = transaction as unknown as Sql;
      return (await this.#deps.lease.fence(sql, epoch)) ? work(sql) : undefined;
    }) as Promise<T | undefined>;
  }

  async #nodes(sql: Sql): Promise<number> {
    const { freezes, language, payoutMissing, disputed } = this.#deps;
    const { at } = await freezes.read();
    const standards = { payoutMissing, disputed, requiredChainweb: await loadRequiredChainweb(sql) };
    const pass = { at, limit: NODES_A_PASS, standards };
    const watch = new WatchStore(sql);
    const standings = new StandingStore(sql);
    const due = await watch.dueSubjects(pass);
    const nodes = await watch.changed(pass, due);
    const nodeIds = nodes.map(({ nodeId }) => nodeId);
    if (nodeIds.length === 0) return 0;
    const owners = [...new Set(nodes.map(({ owner }) => owner))];
    const scope = new Scope({ sql, language, nodeIds });
    const settings = await Settings.load(sql, { owners, now: at.now, scope });
    const course = await watchNodes(nodes, await standings.ofSubjects(nodeIds), { settings, at });
    await watch.note(nodes);
    await this.#write(sql, course, at.now);
    return nodes.length;
  }

  async #region(sql: Sql): Promise<void> {
    const { freezes, expiries, language, haltedRollouts, refusedEvidence, mintTroubles } = this.#deps;
    const { at, freezes: held } = await freezes.read();
    const facts = regionFacts({
      freezes: held,
      expiries: expiries(),
      halted: await haltedRollouts(),
      refused: refusedEvidence?.() ?? [],
      mint: (await mintTroubles?.(at.now)) ?? [],
      now: at.now,
    });
    const standings = await new StandingStore(sql).ofOwner(REGION_OWNER);
    if (facts.length === 0 && standings.length === 0) return;
    const scope = new Scope({ sql, language, nodeIds: [] });
    const settings = await Settings.load(sql, { owners: [REGION_OWNER], now: at.now, scope });
    await this.#write(sql, await watchRegion(facts, standings, { settings, now: at.now }), at.now);
  }

  async #accounts(sql: Sql): Promise<void> {
    const { freezes, language, endingKeys, silentKeys } = this.#deps;
    const { now } = (await freezes.read()).at;
    const standings = await new StandingStore(sql).ofRules(ACCOUNT_RULE_IDS);
    const told = standings.flatMap(({ rule, subject }) => (rule === 'mining-silent' ? [subject] : []));
    const [ending, silent] = await Promise.all([
      endingKeys({ now, noticeMs: KEY_NOTICE_MS }),
      silentKeys?.([...new Set(told)]) ?? [],
    ]);
    const facts = [...keyFacts(ending, now), ...miningFacts(silent)];
    if (facts.length === 0 && standings.length === 0) return;
    const owners = [...new Set(facts.map(({ owner }) => owner))];
    const scope = new Scope({ sql, language, nodeIds: [] });
    const settings = await Settings.load(sql, { owners, now, scope });
    await this.#write(sql, await watchAccounts(facts, standings, { settings, now }), now);
  }

  async #write(sql: Sql, course: Course, now: number): Promise<void> {
    const standings = new StandingStore(sql);
    const ids = await standings.append(course.changes, now);
    await standings.forget(course.forgotten);
    await standings.save(course.kept((key) => ids.get(`${key.rule} ${key.subject} ${key.owner}`)));
    if (course.notices.length === 0) return;
    const admins = course.notices.some(({ owner }) => owner === REGION_OWNER)
      ? await this.#deps.admins()
      : [];
    await new Outbox(sql).tell(course.notices, { now, admins });
  }
}
