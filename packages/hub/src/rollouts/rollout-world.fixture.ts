import { createHash } from 'node:crypto';
import { CAPABILITY, type UpdateAssignment, type UpdateStatus } from '@stoa/protocol';
import { AuditLog } from '#audit/index.ts';
import { StagedJobs } from '#jobs/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { Bell } from '../bell.ts';
import { createLog } from '../log.ts';
import type { PublishedRelease } from '../releases/index.ts';
import type { Viewer } from '../viewer.ts';
import { AssignmentStore } from './assignment-store.ts';
import { createCarriers } from './carriers.ts';
import { RolloutDesk } from './desk.ts';
import { FleetStore } from './fleet-store.ts';
import { PauseAll } from './pause-all.ts';
import { RolloutReader } from './reader.ts';
import { RingStore } from './ring-store.ts';
import type { Rollout } from './rollout.ts';
import { RolloutStore } from './rollout-store.ts';
import { AssignmentSender } from './sender.ts';
import { StatusStore } from './status-store.ts';
import { RolloutTicker } from './ticker.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export interface WorldNode {
  readonly nodeId: string;
  readonly owner: string;
}

/** A fleet in a database, whose nodes answer as told, on a clock of its own. */
export class RolloutWorld {
  now: number = Date.UTC(2026, 10, 26);
  /** Why nodes would take no more of any rollout. */
  fault: string | undefined;
  /** When the release became known here. */
  firstSeen: number | undefined;
  readonly nodes: readonly WorldNode[];
  readonly sent: UpdateAssignment[] = [];
  /** Assignments that a node has and has not answered. */
  readonly asked = new Map<string, UpdateAssignment>();
  /** What a node says to an assignment; confirmed unless told. */
  readonly manner = new Map<string, UpdateStatus['state'] | 'silent'>();
  readonly #silent = new Set<string>();
  readonly #database: DbAdapter;

  private constructor(database: DbAdapter, nodes: readonly WorldNode[]) {
    this.#database = database;
    this.nodes = nodes;
  }

  static async open(database: DbAdapter, by: { owners: number; each: number }): Promise<RolloutWorld> {
    const { sql } = database;
    await sql`truncate nodes, node_status, node_work, sessions, users, rollouts, rollout_nodes, node_updates,
      node_update_log, update_wishes, audit_log, audit_subjects cascade`;
    await sql`delete from region_settings where name = 'updates-paused'`;
    const nodes = Array.from({ length: by.owners * by.each }, (_, index) => ({
      nodeId: createHash('sha256').update(String(index)).digest('hex'),
      owner: `owner${index % by.owners}@stoa.example`,
    }));
    const world = new RolloutWorld(database, nodes);
    await world.#seed();
    return world;
  }

  get sql(): DbAdapter['sql'] {
    return this.#database.sql;
  }

  get admin(): Viewer {
    return {
      accountId: 'admin',
      email: 'admin@stoa.example',
      tier: 'ancient',
      confirmedAt: this.now,
      keyScopes: undefined,
    };
  }

  /** A process of the hub, with nothing in its memory. */
  hub() {
    const { sql } = this;
    const clock = { now: () => this.now };
    const release: PublishedRelease = RELEASE;
    const pauseAll = new PauseAll(sql);
    const rollouts = new RolloutStore(sql);
    const rings = new RingStore(sql);
    const assignments = new AssignmentStore(sql);
    const ready = new Bell({ sql, channel: 'updates_ready' });
    const carriers = createCarriers({ sql, assignments, ready, jobs: new StagedJobs(sql) });
    const releases = {
      current: async () => release,
      find: async (version: number) => (version === release.version ? release : undefined),
      list: async () => [release],
    };
    const parts = { sql, rollouts, rings, assignments, carriers, pauseAll, clock, onMoved: () => undefined };
    const sessions = new Map(this.nodes.map(({ nodeId }) => [nodeId, this.#session(nodeId)]));
    return {
      desk: new RolloutDesk({
        ...{ ...parts, releases, audit: new AuditLog({ sql, clock }) },
        firstSeen: async () => this.firstSeen,
        rootFloor: async () => undefined,
      }),
      ticker: new RolloutTicker({
        ...{ ...parts, fleet: new FleetStore(sql), log: createLog({ level: 'silent' }) },
        faultOf: async () => this.fault,
        hurry: async () => 1,
      }),
      sender: new AssignmentSender({
        ...{ sql, pauseAll, clock },
        sessions: { get: (nodeId) => sessions.get(nodeId), all: () => sessions.values() },
      }),
      reader: new RolloutReader({ sql, rollouts, pauseAll }),
      ...{ pauseAll, statuses: new StatusStore(sql) },
    };
  }

  async create(): Promise<Rollout> {
    return this.hub().desk.create(this.admin, { kind: 'payload', expected: this.nodes.length });
  }

  /** One minute: heartbeats, a step of the hub, what it tells, and what nodes answer. */
  async minute(hub: ReturnType<RolloutWorld['hub']>): Promise<void> {
    this.now += MINUTE;
    await this.beat();
    await hub.ticker.tick();
    await hub.sender.tell(undefined);
    await this.answer(hub);
  }

  /** Ring 0 is empty here: the first step passes it, the second assigns. Nobody is told. */
  async assign(hub: ReturnType<RolloutWorld['hub']>): Promise<void> {
    for (let step = 0; step < 3; step += 1) {
      this.now += MINUTE;
      await this.beat();
      await hub.ticker.tick();
    }
  }

  async beat(): Promise<void> {
    await this.sql`update node_status set last_seen = ${new Date(this.now)}
      where node_id <> all(${[...this.#silent]}::text[])`;
  }

  /** Its heartbeats end. */
  leave(nodeId: string): void {
    this.#silent.add(nodeId);
  }

  async answer(hub: ReturnType<RolloutWorld['hub']>): Promise<void> {
    const answers = [...this.asked].flatMap(([nodeId, assignment]) => {
      const manner = this.manner.get(nodeId) ?? 'confirmed';
      if (manner === 'silent') {
        this.#silent.add(nodeId);
        return [];
      }
      return [{ nodeId, status: this.status({ assignment, state: manner }), at: this.now }];
    });
    this.asked.clear();
    if (answers.length > 0) await hub.statuses.take(answers);
  }

  status(by: { assignment?: UpdateAssignment; state: UpdateStatus['state'] }): UpdateStatus {
    const { assignment, state } = by;
    return {
      ...STATUS,
      ...(assignment !== undefined && {
        assignment: new Uint8Array(assignment.id),
        target: assignment.version,
      }),
      state,
      since: this.now,
      reason: state === 'rolled-back' ? 'crashed' : '',
      lastLines: state === 'rolled-back' ? ['Error: it broke', '    at start'] : [],
      version: state === 'confirmed' && assignment !== undefined ? assignment.version : STATUS.version,
    };
  }

  /** State -> how many nodes of the rollout. */
  async states(rolloutId: string): Promise<Readonly<Record<string, number>>> {
    const rows = await this.sql<{ state: string; count: number }[]>`
      select state, count(*)::int as count from rollout_nodes where rollout_id = ${rolloutId} group by state`;
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  }

  #session(nodeId: string) {
    return {
      node: { nodeId },
      facts: { capabilities: CAPABILITY.updates, quarantined: false },
      send: (_name: 'updateAssignment', assignment: UpdateAssignment) => {
        this.sent.push(assignment);
        if (assignment.act === 'install') this.asked.set(nodeId, assignment);
        else this.asked.delete(nodeId);
      },
    };
  }

  async #seed(): Promise<void> {
    const { sql, nodes } = this;
    const at = new Date(this.now);
    await sql`insert into nodes ${sql(
      nodes.map(({ nodeId, owner }, index) => ({
        ...{ node_id: nodeId, owner, label: `n${index}`, region: 'eu', created_at: at },
        ...{ public_key: Buffer.from([0]), node_cert: Buffer.from([0]) },
      })),
    )}`;
    await sql`insert into node_status (node_id, epoch, last_seen, tips)
      select node_id, 1, ${at}, ''::bytea from nodes`;
    await sql`insert into sessions (node_id, instance_id, epoch, session_id, boot_id, ratchet_current, connected_at,
        version, protocol, address, transport)
      select node_id, 'i', 1, 's', 'b', ''::bytea, ${at}, '1', 1, '', 'websocket' from nodes`;
    await sql`insert into node_work ${sql(
      nodes.map(({ nodeId }, index) => ({ node_id: nodeId, site: `192.0.${index % 7}.0/24`, said_at: at })),
    )}`;
    const said = nodes.map(({ nodeId }) => ({
      nodeId,
      status: this.status({ state: 'idle' }),
      at: this.now,
    }));
    await new StatusStore(sql).take(said);
  }
}

const STATUS: UpdateStatus = {
  assignment: undefined,
  state: 'idle',
  since: 0,
  until: 0,
  reason: '',
  detail: '',
  lastLines: [],
  target: '',
  version: '1.0.0',
  slot: 'factory',
  runtime: '24.21.0',
  platform: 'linux-x64',
  launcher: '1.0.0',
  updateOnly: false,
  previous: [],
  blacklist: [],
  rootVersion: 1,
  targetsVersion: 1,
  timestampVersion: 1,
  timestampAt: 0,
  channel: 'stable',
  pin: '',
  deferUntil: 0,
  window: '',
};

export const RELEASE: PublishedRelease = {
  version: 2,
  sha256: createHash('sha256').update('targets').digest('hex'),
  expiresAt: Date.UTC(2027, 0),
  release: '1.1.0',
  floor: '1.0.0',
  security: false,
  notes: '',
  sbom: undefined,
  signers: [],
  vouched: true,
  targets: [
    {
      path: 'payload/1.1.0/linux-x64',
      sha256: 'ab'.repeat(32),
      length: 1,
      custom: {
        kind: 'payload',
        platform: 'linux-x64',
        version: '1.1.0',
        minLauncher: '1.0.0',
        node: '24.21.0',
      },
    },
  ],
};
