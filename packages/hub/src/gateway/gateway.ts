import { CLOSE, encode, FRAME, HUB_FRAMES, LIMITS, ProtocolError, writePlain } from '@stoa/protocol';
import type { Bus } from '../bus.ts';
import type { Log } from '../log.ts';
import type { NodeEventLog } from '../nodes/index.ts';
import { RareLog } from '../rare-log.ts';
import { Admission, type AdmissionLimits } from './admission.ts';
import { Caller } from './caller.ts';
import type { GateFrames } from './gate-frames.ts';
import { type Established, establish, type HandshakeDeps } from './handshake.ts';
import type { Ingest } from './ingest.ts';
import type { Link, LinkRequest } from './link.ts';
import type { LiveNode } from './live-node.ts';
import { LiveNodes } from './live-nodes.ts';
import { siteOf } from './network.ts';
import { NodeSession } from './node-session.ts';
import type { Refusals } from './refusals.ts';
import { SessionSweep } from './session-sweep.ts';
import { SessionTable } from './session-table.ts';
import type { WorkFrames } from './work-frames.ts';

export interface GatewayDeps extends HandshakeDeps {
  readonly limits: AdmissionLimits;
  readonly ingest: Ingest;
  readonly refusals: Refusals;
  readonly work: Pick<WorkFrames, 'ended'>;
  readonly gates: Pick<GateFrames, 'opened' | 'heard' | 'ended'>;
  readonly events: NodeEventLog;
  readonly bus: Bus;
  readonly log: Log;
}

/** How long a connection that found no place is told to stay away, spread so that they do not come back together. */
const RETRY_AFTER_MS = { least: 2_000, spread: 8_000 };
const SAID_AGAIN_MS = 10_000;

/**
 * Where agents meet the hub: admits connections, runs handshakes, owns the sessions of this instance and ends them.
 *
 * - open: takes connections. `drain` -> draining, `close` -> closed.
 * - draining: takes none; sessions and handshakes under way go on. `close` -> closed.
 * - closed: nothing goes on; a handshake that still comes to its end is ended at once. Final.
 *
 * A link belongs to its Caller until Welcome, then to one NodeSession until it closes.
 */
export class Gateway {
  readonly sessions = new SessionTable();
  readonly counters = { handshakes: 0, refused: 0, throttled: 0, framesIn: 0 };
  /** Ends what must not go on, every second. */
  readonly sweep: SessionSweep;
  readonly #deps: GatewayDeps;
  readonly #admission: Admission;
  readonly #nodes = new LiveNodes();
  readonly #rarely: RareLog;
  readonly #callers = new Map<Caller, Promise<unknown>>();
  #draining: Promise<void> | undefined;
  #state: 'open' | 'draining' | 'closed' = 'open';
  /** Who waits for the last session to end. */
  #onEmpty: (() => void) | undefined;

  constructor(deps: GatewayDeps) {
    this.#deps = deps;
    this.#admission = new Admission(deps.limits);
    this.#rarely = new RareLog({ ...deps, everyMs: SAID_AGAIN_MS });
    this.sweep = new SessionSweep({
      sessions: this.sessions,
      nodes: this.#nodes,
      store: deps.store,
      clock: deps.clock,
      refuse: (session, why) => this.#refuse(session, why),
    });
  }

  get pending(): { active: number; waiting: number } {
    return this.#admission.depth;
  }

  /** Every node that has a session here, or had its last one here within the last day. */
  nodes(): IterableIterator<LiveNode> {
    return this.#nodes.all();
  }

  /** Nodes that changed hands. */
  own(nodes: readonly { readonly nodeId: string; readonly owner: string }[]): void {
    for (const { nodeId, owner } of nodes) this.#nodes.own(nodeId, owner);
  }

  /** Takes a new connection. Resolves when its handshake has ended, one way or the other; never rejects. */
  async accept(link: Link, request: LinkRequest): Promise<void> {
    const { clock, cookies } = this.#deps;
    const known = cookies.holds(request.cookie, clock.now());
    const ticket = this.#state === 'open' ? this.#admission.enter(link.address, known) : undefined;
    if (!ticket?.admitted) {
      this.#throttle(link);
      return;
    }
    const caller = new Caller(link, () => ticket.leave());
    const meeting = ticket.ready.then((ready) => (ready ? this.#meet(caller, request) : undefined));
    this.#callers.set(caller, meeting);
    const refusal = await meeting;
    this.#callers.delete(caller);
    ticket.leave();
    if (refusal !== undefined) await this.#turnAway(link, refusal.error);
  }

  /**
   * Asks every agent to leave within the window, each at its own moment, and takes no new ones. Resolves when all have
   * left, or the window is over. Idempotent.
   */
  drain(windowMs: number): Promise<void> {
    this.#draining ??= this.#drain(windowMs);
    return this.#draining;
  }

  #drain(windowMs: number): Promise<void> {
    if (this.#state === 'open') this.#state = 'draining';
    const step = windowMs / Math.max(1, this.sessions.size);
    let i = 0;
    for (const session of this.sessions.all()) {
      session.send('goAway', { delayMs: Math.floor(step * i), alternates: [] });
      i += 1;
    }
    return new Promise((resolve) => {
      const cancel = this.#deps.clock.after(windowMs, () => this.#onEmpty?.());
      this.#onEmpty = () => {
        this.#onEmpty = undefined;
        cancel();
        resolve();
      };
      if (this.sessions.size === 0) this.#onEmpty();
    });
  }

  /** Closes every link at once: the last step of a drain. Idempotent. */
  async close(): Promise<void> {
    this.#state = 'closed';
    for (const { link } of this.#callers.keys()) link.close(CLOSE.goingAway, 'the hub stops');
    for (const { link } of this.sessions.all()) link.close(CLOSE.goingAway, 'the hub stops');
    await Promise.all(this.#callers.values());
    await this.sweep.record();
  }

  /** One handshake. Resolves with what went wrong, if anything did. */
  async #meet(caller: Caller, request: LinkRequest): Promise<{ error: unknown } | undefined> {
    const { link } = caller;
    try {
      const established = await establish(caller, request, this.#deps);
      if (established !== undefined) this.#open(caller, established);
      else if (!caller.left) link.close(CLOSE.handshakeTimeout, `no Hello within ${LIMITS.handshakeMs} ms`);
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  async #turnAway(link: Link, error: unknown): Promise<void> {
    this.counters.refused += 1;
    this.#deps.log.debug({ address: link.address, err: error }, 'handshake failed');
    await this.#deps.refusals.answer(link, error);
  }

  /** The session is claimed; whether there is still somebody to have it shows here. */
  #open(caller: Caller, established: Established): void {
    const { clock, bus, terms } = this.#deps;
    const { node: known, epoch, sessionId, bootId, quarantined, capabilities, session: keys } = established;
    const { link } = caller;
    this.counters.handshakes += 1;
    this.#record(established, link);
    if (this.#state === 'closed') link.close(CLOSE.goingAway, 'the hub stops');
    if (caller.left) {
      this.sweep.ended(known.nodeId, epoch);
      return;
    }
    const now = clock.now();
    const node = this.#nodes.of(known);
    const { address } = link;
    const facts = { epoch, sessionId, bootId, address, quarantined, capabilities, pingMs: terms.pingMs };
    const session = new NodeSession({ node, facts, link, session: keys, now });
    link.onMessage = (message) => this.#receive(session, message);
    link.onClose = (code) => this.#closed(session, code);
    if (!this.sessions.put(session)) return;
    node.epoch = epoch;
    node.lastSeen = now;
    node.site = siteOf(link.address);
    node.atTipAt = Math.max(node.atTipAt, known.atTipAt ?? 0);
    if (!quarantined) this.#deps.gates.opened(session, now);
    bus.publish('sessions', { nodeId: node.nodeId, kind: 'opened' });
  }

  #record(established: Established, link: Link): void {
    const { node, verdict, keyRole, bootId, epoch } = established;
    const detail = { bootId, epoch, address: link.address, transport: link.transport };
    this.#note(this.#deps.events.append('session-opened', node.nodeId, detail), node.nodeId);
    if (keyRole === 'candidate')
      this.#note(this.#deps.events.append('key-rotated', node.nodeId, detail), node.nodeId);
    if (keyRole === 'previous') this.#note(this.#dispute('old-key-used', node.nodeId, detail), node.nodeId);
    if (verdict.kind === 'live-clone')
      this.#note(this.#dispute('live-clone', node.nodeId, { ...detail, other: verdict.other }), node.nodeId);
  }

  /** Two hold the node's identity: both are named, and the node is disputed until its owner settles which one it is (F07). */
  async #dispute(
    kind: 'live-clone' | 'old-key-used',
    nodeId: string,
    detail: Readonly<Record<string, string | number>>,
  ): Promise<void> {
    this.#deps.bus.publish('sessions', { nodeId, kind: 'replaced' });
    await this.#deps.directory.dispute(nodeId);
    await this.#deps.events.append(kind, nodeId, detail);
  }

  #note(written: Promise<void>, nodeId: string): void {
    written.catch((err: unknown) =>
      this.#rarely.write('error', 'event', {
        fields: { err, nodeId },
        message: 'a node event could not be written',
      }),
    );
  }

  #receive(session: NodeSession, message: Uint8Array): void {
    const { clock, ingest, gates, log } = this.#deps;
    const now = clock.now();
    try {
      const received = session.receive(message, now);
      this.counters.framesIn += 1;
      session.node.lastSeen = now;
      gates.heard(session, now);
      ingest.take(session, received, now);
    } catch (error) {
      const { nodeId } = session.node;
      if (error instanceof ProtocolError) {
        log.warn({ nodeId, code: error.code }, `session closed: ${error.message}`);
        session.link.close(error.closeCode, error.code);
        return;
      }
      // Whatever one node's frame has found broken in here, the others' sessions go on.
      log.error({ nodeId, err: error }, 'a frame could not be taken for a reason of our own');
      session.link.close(CLOSE.unavailable, 'the hub could not take a frame');
    }
  }

  #closed(session: NodeSession, code: number): void {
    if (!this.sessions.remove(session)) return;
    if (this.sessions.size === 0) this.#onEmpty?.();
    const { nodeId } = session.node;
    this.sweep.ended(nodeId, session.facts.epoch);
    this.#deps.work.ended(session);
    this.#deps.gates.ended(session);
    this.#deps.log.debug({ nodeId, code }, 'session ended');
    this.#deps.bus.publish('sessions', { nodeId, kind: 'closed' });
  }

  /** The node was turned away while its session stood. */
  async #refuse(session: NodeSession, why: 'refused' | 'retired'): Promise<void> {
    const verdict = await this.#deps.refusals.verdict(session.node.nodeId, why);
    if (verdict !== undefined) session.sendEncoded({ type: FRAME.refuse, payload: verdict });
    session.link.close(CLOSE.refused, why);
  }

  #throttle(link: Link): void {
    this.counters.throttled += 1;
    const spread = this.#deps.random(2);
    const share = (spread[0]! * 256 + spread[1]!) / 65_536;
    const retryAfterMs = RETRY_AFTER_MS.least + Math.floor(share * RETRY_AFTER_MS.spread);
    link.send(writePlain(FRAME.throttle, encode(HUB_FRAMES.throttle, { retryAfterMs })));
    link.close(CLOSE.throttled, 'no place for a handshake now');
  }
}
