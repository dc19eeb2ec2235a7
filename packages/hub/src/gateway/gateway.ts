import { CLOSE, encode, FRAME, fromHex, HUB_FRAMES, LIMITS, ProtocolError, writePlain } from '@stoa/protocol';
import type { SignerClient } from '@stoa/signer/client';
import type { Bus } from '../bus.ts';
import type { Log } from '../log.ts';
import type { NodeEventLog } from '../nodes/event-log.ts';
import { Admission, type AdmissionLimits } from './admission.ts';
import { RefusedNodeError, StaleCopyError } from './error.ts';
import { type Established, establish, type HandshakeDeps } from './handshake.ts';
import type { Ingest } from './ingest.ts';
import type { Link, LinkRequest } from './link.ts';
import { LiveNode } from './live-node.ts';
import { siteOf } from './network.ts';
import { NodeSession } from './node-session.ts';
import { SessionTable } from './session-table.ts';

export interface GatewayDeps extends HandshakeDeps {
  readonly limits: AdmissionLimits;
  readonly ingest: Ingest;
  readonly events: NodeEventLog;
  readonly signer: Pick<SignerClient, 'refuse'>;
  readonly bus: Bus;
  readonly log: Log;
}

/** How long a connection that found no place is told to stay away, spread so that they do not come back together. */
const RETRY_AFTER_MS = { least: 2_000, spread: 8_000 };

/**
 * Where agents meet the hub: admits connections, runs handshakes, owns the sessions of this instance and ends them.
 * A link belongs to the handshake until Welcome, then to one NodeSession until it closes.
 */
export class Gateway {
  readonly sessions = new SessionTable();
  readonly #deps: GatewayDeps;
  readonly #admission: Admission;
  readonly #nodes = new Map<string, LiveNode>();
  readonly #ended: { nodeId: string; epoch: number }[] = [];
  readonly counters = { handshakes: 0, refused: 0, throttled: 0, framesIn: 0 };
  #draining = false;

  constructor(deps: GatewayDeps) {
    this.#deps = deps;
    this.#admission = new Admission(deps.limits);
  }

  get pending(): { active: number; waiting: number } {
    return this.#admission.depth;
  }

  /** Every node that has or had a session here since the start. */
  nodes(): IterableIterator<LiveNode> {
    return this.#nodes.values();
  }

  /** Takes a new connection. Resolves when its handshake has ended, one way or the other. */
  async accept(link: Link, request: LinkRequest): Promise<void> {
    const { clock, cookies, log } = this.#deps;
    const known = cookies.holds(request.cookie, clock.now());
    const ticket = this.#draining
      ? ({ admitted: false } as const)
      : this.#admission.enter(link.address, known);
    if (!ticket.admitted) {
      this.#throttle(link);
      return;
    }
    link.onClose = () => ticket.leave();
    try {
      if (!(await ticket.ready)) return;
      const established = await establish(link, request, this.#deps);
      if (established === undefined)
        link.close(CLOSE.handshakeTimeout, `no Hello within ${LIMITS.handshakeMs} ms`);
      else this.#open(link, established);
    } catch (error) {
      await this.#reject(link, error);
      log.debug({ address: link.address, err: error }, 'handshake failed');
    } finally {
      ticket.leave();
    }
  }

  /** Ends sessions whose peer is dead or does not read, and records what ended. */
  readonly sweep = {
    name: 'session-sweep',
    periodMs: 1_000,
    tick: async (): Promise<void> => {
      const now = this.#deps.clock.now();
      for (const session of this.sessions.all()) {
        const fault = session.fault(now);
        if (fault !== undefined) this.#end(session, fault.code, fault.reason);
      }
      const ended = this.#ended.splice(0, 500);
      await this.#deps.store.end(ended, new Date(now));
    },
  };

  /** Asks every agent to leave within the window, each at its own moment, and takes no new ones. */
  drain(windowMs: number): void {
    this.#draining = true;
    let i = 0;
    for (const session of this.sessions.all()) {
      session.send('goAway', {
        delayMs: Math.floor((windowMs * i++) / Math.max(1, this.sessions.size)),
        alternates: [],
      });
    }
  }

  /** Closes every link at once: the last step of a drain. */
  async close(): Promise<void> {
    this.#draining = true;
    for (const session of [...this.sessions.all()]) this.#end(session, CLOSE.goingAway, 'the hub stops');
    while (this.#ended.length > 0) await this.sweep.tick();
  }

  #open(link: Link, established: Established): void {
    const { clock, ingest, bus, terms } = this.#deps;
    const node = this.#nodeOf(established, link);
    const session = new NodeSession({
      node,
      facts: { ...established, pingMs: terms.pingMs },
      link,
      session: established.session,
      now: clock.now(),
    });
    this.counters.handshakes += 1;
    link.onMessage = (message) => this.#receive(session, message);
    link.onClose = (code) => this.#closed(session, code);
    this.sessions.put(session);
    bus.publish('sessions', { nodeId: node.nodeId, kind: 'opened' });
    this.#record(established, link);
    ingest.opened(session);
  }

  #nodeOf(established: Established, link: Link): LiveNode {
    const { node, epoch } = established;
    const live = this.#nodes.get(node.nodeId) ?? new LiveNode(node);
    live.epoch = epoch;
    live.lastSeen = this.#deps.clock.now();
    live.site = siteOf(link.address);
    this.#nodes.set(node.nodeId, live);
    return live;
  }

  #record({ node, verdict, bootId, epoch }: Established, link: Link): void {
    const { events, log } = this.#deps;
    const detail = { bootId, epoch, address: link.address, transport: link.transport };
    const written =
      verdict.kind === 'live-clone'
        ? this.#dispute(node.nodeId, { ...detail, other: verdict.other })
        : events.append('session-opened', node.nodeId, detail);
    written.catch((error: unknown) =>
      log.error({ err: error, nodeId: node.nodeId }, 'a node event could not be written'),
    );
  }

  /** A -> B -> A: both processes are named, and the node is disputed until its owner settles which one it is (F07). */
  async #dispute(nodeId: string, detail: Readonly<Record<string, string | number>>): Promise<void> {
    this.#deps.bus.publish('sessions', { nodeId, kind: 'replaced' });
    await this.#deps.directory.dispute(nodeId);
    await this.#deps.events.append('live-clone', nodeId, detail);
  }

  #receive(session: NodeSession, message: Uint8Array): void {
    const { clock, ingest, log } = this.#deps;
    try {
      const received = session.receive(message, clock.now());
      this.counters.framesIn += 1;
      ingest.take(session, received);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      log.warn({ nodeId: session.node.nodeId, code: error.code }, `session closed: ${error.message}`);
      this.#end(session, error.closeCode, error.code);
    }
  }

  #end(session: NodeSession, code: number, reason: string): void {
    session.link.close(code, reason);
    this.#closed(session, code);
  }

  #closed(session: NodeSession, code: number): void {
    if (!this.sessions.remove(session)) return;
    const { nodeId } = session.node;
    this.#ended.push({ nodeId, epoch: session.facts.epoch });
    this.#deps.log.debug({ nodeId, code }, 'session ended');
    this.#deps.bus.publish('sessions', { nodeId, kind: 'closed' });
  }

  #throttle(link: Link): void {
    this.counters.throttled += 1;
    const spread = this.#deps.random(2);
    const retryAfterMs =
      RETRY_AFTER_MS.least + Math.floor(((spread[0]! * 256 + spread[1]!) / 65_536) * RETRY_AFTER_MS.spread);
    link.send(writePlain(FRAME.throttle, encode(HUB_FRAMES.throttle, { retryAfterMs })));
    link.close(CLOSE.throttled, 'no place for a handshake now');
  }

  async #reject(link: Link, error: unknown): Promise<void> {
    this.counters.refused += 1;
    if (error instanceof StaleCopyError) return this.#quarantine(link, error);
    if (error instanceof RefusedNodeError) return this.#refuse(link, error);
    if (error instanceof ProtocolError) {
      this.#sayError(link, error);
      link.close(error.closeCode, error.code);
      return;
    }
    this.#deps.log.error({ err: error }, 'a handshake failed for a reason of our own');
    link.close(CLOSE.unavailable, 'the hub cannot take sessions now');
  }

  async #quarantine(link: Link, error: StaleCopyError): Promise<void> {
    const { nodeId } = error.node;
    this.#sayError(link, error);
    link.close(CLOSE.quarantined, 'stale copy of this node');
    this.#deps.bus.publish('sessions', { nodeId, kind: 'quarantined' });
    await this.#deps.events.append('stale-copy', nodeId, error.copy);
  }

  async #refuse(link: Link, error: RefusedNodeError): Promise<void> {
    const { refuse, authority } = await this.#deps.signer.refuse({
      nodeId: fromHex(error.nodeId),
      reason: error.reason,
    });
    link.send(writePlain(FRAME.refuse, encode(HUB_FRAMES.refuse, { sealed: refuse, authority })));
    link.close(CLOSE.refused, error.reason);
  }

  #sayError(link: Link, error: { code: string; retry: boolean; message: string }): void {
    const said = { code: error.code, retry: error.retry, message: error.message.slice(0, 255) };
    link.send(writePlain(FRAME.error, encode(HUB_FRAMES.error, said)));
  }
}
