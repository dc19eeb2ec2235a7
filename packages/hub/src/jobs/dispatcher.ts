import {
  type CarriedOrder,
  type EncodedMessage,
  encodeHubMessage,
  fromHex,
  type HubChain,
  type Job,
  jobKind,
  type LeaseRequest,
  LIMITS,
  type SigningKey,
  seal,
} from '@stoa/protocol';
import { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import type { LoopShare } from '../loop-share.ts';
import { AckWindow } from './ack-window.ts';
import type { AgentSession } from './agent-session.ts';
import type { DispatchStore, LeasedJob, LeaseTerms, Room } from './dispatch-store.ts';
import { uuidBytes } from './lease.ts';
import { LEASE_MS } from './state.ts';
import type { Slot, WorkSession, WorkSessions } from './work-sessions.ts';

export interface DispatcherDeps {
  readonly sessions: WorkSessions;
  readonly store: DispatchStore;
  readonly orders: { carriedFor(jobs: readonly LeasedJob[]): Promise<ReadonlyMap<string, CarriedOrder>> };
  /** This instance's key with its chain, by which jobs are signed. */
  readonly party: () => { readonly key: SigningKey; readonly chain: HubChain };
  readonly instance: string;
  readonly generation: number;
  /** Share of a kind, an owner and a site that may be in flight, or begin within a minute. */
  readonly share: () => number;
  readonly clock: Clock;
  readonly loop: LoopShare;
  readonly onLeased: (jobs: readonly LeasedJob[]) => void;
  readonly onError: (error: unknown) => void;
}

/** A bell rings for many nodes at once: what comes within the window goes by one statement. */
const WINDOW = { windowMs: 5, maxItems: 500 };

/** Leases that wait for their acknowledgement at a time: what a fleet answers within a part of a second. */
const MOST_UNACKED = 1_000;
/**
 * Of what a node can hold it gets so much at a turn, and the rest when the others had theirs: were every slot of it
 * reserved, a fleet with one job each would be asked a few nodes at a time.
 */
const MOST_AT_ONCE = 2;
/** Those that nobody acknowledges make room by and by. */
const LOOK_MS = 1_000;

/**
 * Brings jobs to sessions of this instance that have room for them. Asks the database only for a node that has room and
 * may have work: after a bell, a new session, or a lease that filled all the room there was.
 */
export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #leasing: Batcher<WorkSession, void>;
  readonly #asked = new Set<WorkSession>();
  readonly #unacked: AckWindow;
  /** Sessions whose turn comes when there is room for another lease, the first first. */
  readonly #waiting = new Set<WorkSession>();
  /** Sessions that got all that a turn can bring, and have room for more. */
  readonly #more = new Set<WorkSession>();
  /** Most leases that can come of the sessions whose turn it is. */
  #underWay = 0;
  #looking = false;

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
    this.#unacked = new AckWindow({ clock: deps.clock, most: MOST_UNACKED });
    this.#leasing = new Batcher({ clock: deps.clock, ...WINDOW }, (asking) => this.#lease(asking));
  }

  /** The agent says what room it has. */
  asked(agent: AgentSession, request: LeaseRequest): void {
    const session = this.#deps.sessions.of(agent);
    if (session === undefined) return;
    session.asked(request);
    this.#wake(session);
  }

  /** There may be work for these nodes. */
  ring(nodeIds: Iterable<string>): void {
    for (const nodeId of nodeIds) {
      const session = this.#deps.sessions.get(nodeId);
      if (session === undefined) continue;
      session.mayHaveWork = true;
      this.#wake(session);
    }
  }

  /** An agent has this lease. */
  acknowledged(jobId: string): void {
    if (this.#unacked.acknowledged(jobId)) this.#next();
  }

  #wake(session: WorkSession): void {
    if (!session.mayHaveWork || !session.hasRoom || this.#asked.has(session)) return;
    this.#waiting.add(session);
    this.#next();
  }

  /** As many as there is room for leases, were each to get all that a turn can bring. */
  #next(): void {
    if (this.#waiting.size === 0) return;
    let room = this.#unacked.room - this.#underWay;
    for (const session of this.#waiting) {
      if (room <= 0) {
        this.#lookAgain();
        break;
      }
      const slots = turnOf(session, 'mutating') + turnOf(session, 'read');
      room -= slots;
      this.#waiting.delete(session);
      this.#asked.add(session);
      this.#underWay += slots;
      this.#leasing
        .submit(session)
        // What is due is found again by the sweep.
        .catch((error: unknown) => this.#deps.onError(error))
        .finally(() => {
          this.#underWay -= slots;
          if (this.#more.delete(session)) {
            session.mayHaveWork = true;
            this.#wake(session);
          }
          this.#next();
        });
    }
  }

  #lookAgain(): void {
    if (this.#looking) return;
    this.#looking = true;
    this.#deps.clock.after(LOOK_MS, () => {
      this.#looking = false;
      this.#next();
    });
  }

  async #lease(asking: readonly WorkSession[]): Promise<readonly undefined[]> {
    // From here on a bell asks anew: what it rings for may come after the statement's snapshot.
    for (const session of asking) {
      this.#asked.delete(session);
      session.mayHaveWork = false;
    }
    const { store, clock, instance, generation, share } = this.#deps;
    const now = clock.now();
    const terms: LeaseTerms = { now, ackUntil: now + LIMITS.jobAckMs, instance, generation };
    const present = asking.filter(({ agent }) => this.#deps.sessions.of(agent)?.agent === agent);
    for (const slot of ['mutating', 'read'] as const) {
      const rooms = present
        .filter((session) => session.room(slot) > 0)
        .map((session) => roomOf(session, slot));
      if (rooms.length === 0) continue;
      const jobs =
        slot === 'read' ? await store.read(rooms, terms) : await store.mutating(rooms, terms, share());
      await this.#send(jobs, slot);
    }
    return asking.map(() => undefined);
  }

  async #send(jobs: readonly LeasedJob[], slot: Slot): Promise<void> {
    if (jobs.length === 0) return;
    const { sessions, orders, party, loop, onLeased } = this.#deps;
    const carried = await orders.carriedFor(jobs);
    const by = party();
    const given = new Map<WorkSession, number>();
    await loop.map(jobs, (job) => {
      const session = sessions.get(job.nodeId);
      // Gone meanwhile: its lease ends unacknowledged, and it is found again.
      if (session === undefined || session.room(slot) === 0) return;
      session.sent(slot);
      this.#unacked.sent(job.jobId);
      session.agent.sendEncoded(jobFrame(job, by, carried.get(job.jobId)));
      const got = (given.get(session) ?? 0) + 1;
      given.set(session, got);
      // It filled its room: there may be more behind it.
      if (session.room(slot) === 0) session.mayHaveWork = true;
      else if (got === MOST_AT_ONCE) this.#more.add(session);
    });
    onLeased(jobs);
  }
}

function turnOf(session: WorkSession, slot: Slot): number {
  return Math.min(MOST_AT_ONCE, session.room(slot));
}

function roomOf(session: WorkSession, slot: Slot): Room {
  const { node, facts } = session.agent;
  return { nodeId: node.nodeId, epoch: facts.epoch, site: node.site, free: turnOf(session, slot) };
}

function jobFrame(
  job: LeasedJob,
  { key, chain }: { key: SigningKey; chain: HubChain },
  order: CarriedOrder | undefined,
): EncodedMessage {
  const body: Job = {
    nodeId: fromHex(job.nodeId),
    jobId: uuidBytes(job.jobId),
    kind: job.kind,
    attempt: job.attempt,
    fencingToken: job.fencingToken,
    leaseMs: LEASE_MS,
    deadline: job.deadline.getTime(),
    maxAttempts: job.maxAttempts,
    idempotencyKey: uuidBytes(job.idempotencyKey),
    params: job.params,
  };
  return encodeHubMessage('job', { sealed: seal(jobKind, body, key), hub: chain, order });
}
