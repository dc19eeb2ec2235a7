import {
  CLOSE,
  type EncodedMessage,
  encodeAgentMessage,
  type HubMessage,
  LIMITS,
  ProtocolError,
  type Random,
  type Revoke,
  type Welcome,
} from '@stoa/protocol';
import { Conversation, type ConversationEnd } from '#channel/conversation.ts';
import { DeadPeerError, type Fault, faultOf, HandshakeTimeoutError } from '#channel/fault.ts';
import { Liveness } from '#channel/liveness.ts';
import { Party, type PartyOptions } from '#channel/party.ts';
import { ReconnectPolicy } from '#channel/reconnect.ts';
import { type ChannelState, type ChannelStatus, type LastFault, SESSION_STATES } from '#channel/status.ts';
import type { Transports } from '#channel/transport.ts';
import { TransportChoice } from '#channel/transport-choice.ts';
import { readRefusal, readRevocation } from '#channel/verdict.ts';
import { WebSocketWatch } from '#channel/websocket-watch.ts';
import type { Clock, Timer } from '#clock.ts';
import type { AgentConfig } from '#config.ts';

export interface ChannelOptions extends PartyOptions {
  clock: Clock;
  random: Random;
  transports: Transports;
  configured: AgentConfig['transport'];
  /** Measured idle time of this node's NAT, ms. */
  natIdleMs: () => number | undefined;
  listener: ChannelListener;
}

/** Called in the order of events. */
export interface ChannelListener {
  /** A session stands; frames may be sent from now on. */
  opened(welcome: Welcome): void;
  /** Frames up to `seq` of this session have reached the hub. */
  acknowledged(seq: number): void;
  /** Any message of the session that the channel itself does not settle. */
  message(message: HubMessage): void;
  /** The link's buffer has room again. */
  drained(): void;
  /** The session is over; what was not acknowledged may not have arrived. */
  lost(): void;
  /** What a Welcome brought could not be stored. */
  unsaved(error: unknown): void;
  /** The root key revoked this node: the identity is to be wiped. Nothing follows. */
  revoked(revocation: Revoke): void;
}

const ATTEMPT_MS = 20_000;
const FAREWELL_MS = 3_000;
/** A hub that calls this data directory a stale copy is asked again so seldom at least. */
const STALE_COPY_MS = 5 * 60_000;

/** What a signed or unsigned notice asked for; decides where the end of the conversation leads. */
type Order =
  | { readonly kind: 'throttle'; readonly delayMs: number }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'revoke'; readonly revocation: Revoke }
  | { readonly kind: 'leave' };

/**
 * The node's one connection to its hub, kept up for ever. Each state is left only as said here.
 *
 * - idle: before `start` -> connecting.
 * - connecting: a Conversation is dialling, or waits for the last session's state to be on disk; attempt timer armed.
 *   The hub's Challenge holds -> authenticating. End or time-out -> waiting | refused | closed.
 * - authenticating: our Hello is out; attempt timer armed anew. Welcome holds -> established | quarantined. End or
 *   time-out as from connecting.
 * - established, quarantined: a session, liveness runs. In the latter the node is seen but not paid. GoAway, or a wish
 *   of our own -> draining. End -> waiting | refused | closed.
 * - draining: still a session; its timer ends it -> waiting, without a delay.
 * - waiting: no Conversation; retry timer armed -> connecting.
 * - refused: as waiting, for an hour, after a Refuse that the region signed.
 * - closed: after `stop`, or a Revoke that the root signed. Final.
 *
 * Invariants: at most one Conversation; `#timer` is the present state's and dies with it; nothing unsigned ends the
 * machine or touches the identity (F05, F08); every delay that a hub names is clamped; no wall clock decides (F21).
 */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #party: Party;
  readonly #policy: ReconnectPolicy;
  readonly #choice: TransportChoice;
  readonly #liveness: Liveness;
  readonly #watch: WebSocketWatch;
  #state: ChannelState = 'idle';
  #since: number;
  #timer: Timer | undefined;
  #retryAt: number | undefined;
  #conversation: Conversation | undefined;
  #order: Order | undefined;
  /** What the hub said before the session came to nothing. */
  #said: Fault | undefined;
  #welcome: Welcome | undefined;
  #welcomedAt = 0;
  #skewMs: number | undefined;
  #lastFault: LastFault | undefined;
  #sessions = 0;
  #stopped: (() => void) | undefined;

  constructor(options: ChannelOptions) {
    const { clock, random, transports, configured } = options;
    this.#options = options;
    this.#since = clock.monotonic();
    this.#party = new Party(options);
    this.#policy = new ReconnectPolicy({ clock, random });
    const choice = new TransportChoice({ transports, configured, clock });
    this.#choice = choice;
    this.#watch = new WebSocketWatch({
      clock,
      random,
      transport: transports.websocket,
      choice,
      origin: () => this.#origin,
      attempted: () => this.#policy.attempted(),
      found: () => this.renew('WebSockets work again'),
    });
    this.#liveness = new Liveness({
      clock,
      sendPing: (intervalMs) => void this.send(encodeAgentMessage('ping', { intervalMs })),
      dead: () => this.#conversation?.destroy(new DeadPeerError(this.#liveness.intervalMs)),
    });
  }

  get state(): ChannelState {
    return this.#state;
  }

  get inSession(): boolean {
    return SESSION_STATES.has(this.#state);
  }

  get rttMs(): number | undefined {
    return this.#liveness.rttMs;
  }

  /** Bytes that were sent and not yet given to the network. */
  get buffered(): number {
    return this.#conversation?.buffered ?? 0;
  }

  /** A process start connects at once. */
  start(): void {
    if (this.#state === 'idle') this.#connect();
  }

  /** Within a session only (see `inSession`). Returns the frame's sequence number. */
  send(message: EncodedMessage): number {
    if (this.#conversation === undefined) throw new Error('a frame was sent outside of a session');
    return this.#conversation.send(message);
  }

  /** Ends the session and opens the next one at once: a new key, a better way to the hub. */
  renew(reason: string, delayMs = 0): void {
    if (this.#state !== 'established' && this.#state !== 'quarantined') return;
    this.#options.log.info('channel-draining', { reason, delayMs });
    this.#enter('draining');
    this.#arm(delayMs, () => this.#leave(reason));
  }

  /** The NAT was measured anew. */
  adaptPing(): void {
    if (this.inSession && this.#welcome)
      this.#liveness.start(this.#welcome.pingMs, this.#options.natIdleMs());
  }

  /** Resolves within `FAREWELL_MS`, whatever hangs (F33). */
  stop(): Promise<void> {
    if (this.#conversation === undefined) {
      this.#enter('closed');
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#stopped = resolve;
      this.#arm(FAREWELL_MS, () => this.#conversation?.destroy(new Error('stopped')));
      this.#leave('the agent stops');
    });
  }

  status(): ChannelStatus {
    const { clock } = this.#options;
    const welcome = this.inSession ? this.#welcome : undefined;
    return {
      state: this.#state,
      forMs: clock.monotonic() - this.#since,
      transport: this.#conversation?.transport.name,
      sessionId: welcome && Buffer.from(welcome.sessionId).toString('hex'),
      rttMs: this.#liveness.rttMs,
      pingMs: welcome && this.#liveness.intervalMs,
      skewMs: this.#skewMs,
      retryInMs: this.#retryAt && Math.max(0, this.#retryAt - clock.monotonic()),
      failures: this.#policy.failures,
      sessions: this.#sessions,
      lastFault: this.#lastFault,
    };
  }

  get #origin(): string {
    const { hubs } = this.#options.store.identity;
    return hubs[this.#policy.failures % hubs.length]!;
  }

  #enter(state: ChannelState): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#retryAt = undefined;
    this.#state = state;
    this.#since = this.#options.clock.monotonic();
    if (state !== 'closed') return;
    this.#stopped?.();
    this.#stopped = undefined;
  }

  #arm(delayMs: number, task: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(delayMs, task);
  }

  #connect(): void {
    this.#enter('connecting');
    this.#order = undefined;
    this.#said = undefined;
    this.#policy.attempted();
    this.#arm(ATTEMPT_MS, () => this.#giveUp());
    void this.#options.store.settled().then(() => {
      if (this.#state === 'connecting' && this.#conversation === undefined) this.#dial();
    });
  }

  #dial(): void {
    const { random, store, listener } = this.#options;
    const transport = this.#choice.next();
    const origin = this.#origin;
    this.#options.log.debug('channel-connecting', { origin, transport: transport.name });
    this.#conversation = new Conversation({
      transport,
      target: { origin, cookie: store.session.cookie },
      party: () => this.#party.speak(),
      random,
      listener: {
        challenged: (hubTime) => this.#challenged(hubTime),
        welcomed: (welcome) => this.#welcomed(welcome),
        notice: (message) => this.#notice(message),
        acknowledged: (seq) => {
          this.#liveness.heard();
          listener.acknowledged(seq);
        },
        message: (message) => this.#message(message),
        drained: () => listener.drained(),
        ended: (end) => this.#ended(end),
      },
    });
  }

  /** The attempt's time is over. */
  #giveUp(): void {
    const error = new HandshakeTimeoutError(this.#state, ATTEMPT_MS);
    if (this.#conversation) this.#conversation.destroy(error);
    else this.#retry('waiting', this.#policy.afterFailure());
  }

  #challenged(hubTime: number): void {
    this.#skewMs = this.#options.clock.now() - hubTime;
    this.#enter('authenticating');
    this.#arm(ATTEMPT_MS, () => this.#giveUp());
  }

  #welcomed(welcome: Welcome): void {
    const { log, listener, natIdleMs } = this.#options;
    const saved = this.#party.welcomed(welcome);
    this.#welcome = { ...welcome, sessionId: welcome.sessionId.slice() };
    this.#welcomedAt = this.#options.clock.monotonic();
    this.#sessions += 1;
    this.#policy.welcomed(welcome.reconnectWindowMs);
    const { transport } = this.#conversation!;
    this.#choice.established(transport.name);
    this.#enter(welcome.quarantined ? 'quarantined' : 'established');
    this.#liveness.start(welcome.pingMs, natIdleMs());
    this.#watch.start();
    const { epoch, label, quarantined } = welcome;
    log.info('channel-established', { epoch, label, quarantined, transport: transport.name });
    saved.catch((error: unknown) => listener.unsaved(error));
    listener.opened(this.#welcome);
  }

  #notice(message: HubMessage): void {
    if (message.name === 'throttle') this.#order = { kind: 'throttle', delayMs: message.value.retryAfterMs };
    else if (message.name === 'error') this.#said = message.value;
    else if (message.name === 'refuse' || message.name === 'revoke') this.#verdict(message);
    else throw new ProtocolError('malformed', `a ${message.name} message before the session`);
    this.#conversation?.close(1000, 'understood');
  }

  #message(message: HubMessage): void {
    const { listener, log } = this.#options;
    switch (message.name) {
      case 'goAway':
        this.#goAway(message.value);
        break;
      case 'refuse':
      case 'revoke':
        this.#verdict(message);
        if (this.#order !== undefined) this.#conversation?.close(1000, 'understood');
        break;
      case 'error':
        log.warn('channel-hub-error', { ...message.value });
        listener.message(message);
        break;
      case 'pong':
      case 'heartbeatAck':
        if (message.name === 'pong') this.#liveness.pong();
        this.#skewMs = this.#options.clock.now() - message.value.hubTime;
        listener.message(message);
        break;
      default:
        listener.message(message);
    }
  }

  #goAway({ delayMs, alternates }: { delayMs: number; alternates: readonly string[] }): void {
    if (alternates.length > 0)
      this.#options.log.warn('channel-alternates-ignored', {
        why: 'they stand in no signed region directory',
      });
    this.renew('the hub drains', Math.min(delayMs, LIMITS.hubDelayAfterAuthMs));
  }

  /** An order that its authority did not sign is no more than a hub that closes. */
  #verdict(message: Extract<HubMessage, { name: 'refuse' | 'revoke' }>): void {
    const { store, log } = this.#options;
    try {
      if (message.name === 'refuse') {
        const { reason } = readRefusal(message.value, this.#party.trust, store.nodeId);
        this.#order = { kind: 'refuse' };
        this.#said = { code: 'node_refused', message: reason };
      } else {
        const revocation = readRevocation(message.value, this.#party.trust.root, store.nodeId);
        this.#order = { kind: 'revoke', revocation };
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      log.warn('channel-verdict-ignored', { verdict: message.name, why: error.message });
    }
  }

  #leave(reason: string): void {
    this.#order ??= { kind: 'leave' };
    if (this.inSession) this.send(encodeAgentMessage('disconnect', { reason }));
    this.#conversation?.close(1000, reason);
  }

  #ended(end: ConversationEnd): void {
    const wasSession = this.inSession;
    const livedMs = this.#options.clock.monotonic() - this.#welcomedAt;
    const order = this.#order;
    this.#conversation = undefined;
    this.#liveness.stop();
    this.#watch.stop();
    if (wasSession) this.#options.listener.lost();
    if (this.#stopped !== undefined) {
      this.#enter('closed');
    } else if (order?.kind === 'revoke') {
      this.#enter('closed');
      this.#options.listener.revoked(order.revocation);
    } else if (order?.kind === 'leave') {
      this.#retry('waiting', this.#policy.soon());
    } else {
      const fault = this.#said ?? faultOf(end);
      this.#note(fault, end);
      if (order?.kind === 'refuse') this.#retry('refused', this.#policy.refused());
      else if (wasSession) this.#retry('waiting', this.#policy.afterSession(livedMs));
      else this.#retry('waiting', this.#afterAttempt(end, fault));
    }
  }

  #afterAttempt(end: ConversationEnd, fault: Fault): number {
    if (end.phase === 'authenticating') this.#party.refused();
    this.#choice.failed(end.transport, end);
    const throttled = this.#order?.kind === 'throttle' ? this.#order.delayMs : end.hubError?.retryAfterMs;
    const isCopy = fault.code === 'stale_copy' || end.code === CLOSE.quarantined;
    const asked = Math.max(throttled ?? 0, isCopy ? STALE_COPY_MS : 0);
    return this.#policy.named(asked, LIMITS.hubDelayBeforeAuthMs);
  }

  #retry(state: 'waiting' | 'refused', delayMs: number): void {
    this.#enter(state);
    this.#retryAt = this.#options.clock.monotonic() + delayMs;
    this.#arm(delayMs, () => this.#connect());
  }

  #note({ code, message }: Fault, end: ConversationEnd): void {
    const { clock, log } = this.#options;
    this.#lastFault = { code, message, at: clock.now() };
    log.warn('channel-ended', { code, message, phase: end.phase, transport: end.transport });
  }
}
