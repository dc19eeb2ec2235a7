import { LIMITS, type LogChunk } from '@stoa/protocol';
import { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import type { AgentSession } from './agent-session.ts';
import { type LeaseName, leaseName, wireLease } from './lease.ts';
import type { StandingLease } from './lease-desk.ts';
import type { LogFiles } from './log-files.ts';
import type { LogOwner, LogStore } from './log-store.ts';

/** What an agent may send ahead of what is stored. */
const WINDOW_BYTES = 256 * 1024;
const LOOKUPS = { windowMs: 10, maxItems: 500 };
/** The row follows the file within so long. */
const SIZES = { windowMs: 1_000, maxItems: 5_000 };

interface Allowance {
  bytes: number;
  at: number;
}

export interface LogDeskDeps {
  readonly files: LogFiles;
  readonly store: LogStore;
  readonly instance: string;
  readonly clock: Clock;
  readonly onGrown: (jobId: string, bytes: number) => void;
}

/**
 * Takes pieces of logs, and credits what is stored. A node sends a megabyte a minute: beyond it the credit comes later,
 * and the agent waits for it, having the rest on its disk (F27).
 */
export class LogDesk {
  readonly #deps: LogDeskDeps;
  readonly #lookups: Batcher<LogOwner, number | undefined>;
  readonly #sizes: Batcher<{ jobId: string; bytes: number }, void>;
  /** Newest attempt of the jobs that a session may write logs of. */
  readonly #known = new WeakMap<AgentSession, Map<string, number>>();
  readonly #allowances = new WeakMap<AgentSession, Allowance>();

  constructor(deps: LogDeskDeps) {
    this.#deps = deps;
    this.#lookups = new Batcher({ clock: deps.clock, ...LOOKUPS }, (asked) => deps.store.attempts(asked));
    this.#sizes = new Batcher({ clock: deps.clock, ...SIZES }, async (grown) => {
      await deps.store.grew(new Map(grown.map(({ jobId, bytes }) => [jobId, bytes])), deps.instance);
      return grown.map(() => undefined);
    });
  }

  /** The session has this lease: says how far its log is stored, from which the agent goes on. */
  async opened(session: AgentSession, lease: StandingLease): Promise<void> {
    const known = this.#knownOf(session);
    // Pieces do not wait for the turn that acknowledgements take: some of a fresh lease may be stored by now.
    const untouched = lease.fresh && lease.attempt === 1 && !known.has(lease.jobId);
    known.set(lease.jobId, lease.attempt);
    if (untouched) return this.#credit(session, lease, 0);
    if (lease.attempt > 1 && (await this.#isOfBefore(lease)))
      await this.#deps.files.rotate(lease.jobId, lease.attempt - 1);
    this.#credit(session, lease, await this.#deps.files.size(lease.jobId));
  }

  async take(session: AgentSession, { offset, chunk, ...wire }: LogChunk): Promise<void> {
    const lease = leaseName(wire);
    // What came is a view of a buffer that is not ours to keep.
    const copy = chunk.slice();
    if ((await this.#attemptOf(session, lease.jobId)) !== lease.attempt) {
      // An older attempt's, or another node's job: as if it was all there, so that the agent lets go of it.
      session.send('credit', { ...wireLease(lease), stored: offset + copy.length, window: 0 });
      return;
    }
    const stored = await this.#deps.files.append(lease.jobId, offset, copy);
    this.#deps.onGrown(lease.jobId, stored);
    const wait = this.#waitFor(session, copy.length);
    if (wait <= 0) this.#credit(session, lease, stored);
    else this.#deps.clock.after(wait, () => this.#credit(session, lease, stored));
    await this.#sizes.submit({ jobId: lease.jobId, bytes: stored });
  }

  #credit(session: AgentSession, lease: LeaseName, stored: number): void {
    const window = Math.min(WINDOW_BYTES, LIMITS.jobLogBytes - stored);
    session.send('credit', { ...wireLease(lease), stored, window: Math.max(0, window) });
  }

  /** Milliseconds until the node has used no more than its rate. */
  #waitFor(session: AgentSession, bytes: number): number {
    const now = this.#deps.clock.now();
    const perMs = LIMITS.logBytesPerMinute / 60_000;
    const held = this.#allowances.get(session) ?? { bytes: LIMITS.logBytesPerMinute, at: now };
    const left = Math.min(LIMITS.logBytesPerMinute, held.bytes + (now - held.at) * perMs) - bytes;
    this.#allowances.set(session, { bytes: left, at: now });
    return left >= 0 ? 0 : Math.ceil(-left / perMs);
  }

  async #attemptOf(session: AgentSession, jobId: string): Promise<number | undefined> {
    const known = this.#knownOf(session);
    const held = known.get(jobId);
    if (held !== undefined) return held;
    const attempt = await this.#lookups.submit({ nodeId: session.node.nodeId, jobId });
    if (attempt !== undefined) known.set(jobId, attempt);
    return attempt;
  }

  /** The file is that of an earlier attempt: nothing of this one is stored yet. */
  async #isOfBefore({ jobId }: LeaseName): Promise<boolean> {
    return (await this.#deps.store.place(jobId))?.bytes === 0;
  }

  #knownOf(session: AgentSession): Map<string, number> {
    const known = this.#known.get(session) ?? new Map<string, number>();
    this.#known.set(session, known);
    return known;
  }
}
