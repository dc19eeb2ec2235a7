import { type EncodedMessage, encodeAgentMessage, type Welcome } from '@stoa/protocol';
import type { ChannelOptions } from '#channel/channel-listener.ts';
import type { Conversation, ConversationEnd } from '#channel/conversation.ts';
import { Dialler } from '#channel/dialler.ts';
import { type Fault, HandshakeTimeoutError } from '#channel/fault.ts';
import { History } from '#channel/history.ts';
import { HubWord } from '#channel/hub-word.ts';
import { Party } from '#channel/party.ts';
import { Stage } from '#channel/stage.ts';
import { StandingSession } from '#channel/standing-session.ts';
import type { ChannelState, ChannelStatus } from '#channel/status.ts';

const ATTEMPT_MS = 20_000;
const FAREWELL_MS = 3_000;

/**
 * The node's one connection to its hub, kept up for ever. Each state is left only as said here.
 *
 * - idle: before `start` -> connecting.
 * - connecting: a Conversation is dialling, or waits for the last session's state to be on disk; attempt timer armed.
 *   The hub's Challenge holds -> authenticating. End or time-out -> waiting | refused | closed.
 * - authenticating: our Hello is out; attempt timer armed anew. Welcome holds -> established | quarantined. End or
 *   time-out as from connecting.
 * - established, quarantined: a session; in the latter the node is seen but not paid. GoAway, or a wish of our own ->
 *   draining. End -> waiting | refused | closed.
 * - draining: still a session; its timer ends it -> waiting, without a delay.
 * - waiting: no Conversation; retry timer armed -> connecting.
 * - refused: as waiting, for an hour, after a Refuse that the region signed.
 * - closed: after `stop`, or a Revoke that the root signed. Final.
 *
 * Invariants: at most one Conversation; a timer is one state's and dies with it (`Stage`); nothing unsigned ends the
 * machine or touches the identity (F05, F08; `nextStep`); every delay that a hub names is clamped; no wall clock decides
 * (F21).
 */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #stage: Stage;
  readonly #history: History;
  readonly #party: Party;
  readonly #dialler: Dialler;
  #conversation: Conversation | undefined;
  /** While the stage is in session. */
  #session: StandingSession | undefined;
  /** The end of the conversation is our own wish. */
  #leaving = false;
  #stopped: (() => void) | undefined;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#stage = new Stage(options.clock);
    this.#history = new History(options.clock);
    this.#party = new Party(options);
    this.#dialler = new Dialler(options, this.#party, () => this.renew('WebSockets work again'));
  }

  get state(): ChannelState {
    return this.#stage.state;
  }

  get inSession(): boolean {
    return this.#session !== undefined;
  }

  get rttMs(): number | undefined {
    return this.#session?.rttMs;
  }

  /** Bytes that were sent and not yet given to the network. */
  get buffered(): number {
    return this.#conversation?.buffered ?? 0;
  }

  /** The hub of this session, or of the next attempt. */
  get hubUrl(): string {
    return this.#dialler.origin;
  }

  status(): ChannelStatus {
    const session = this.#session;
    return {
      ...this.#stage.status(),
      ...this.#history.status(),
      transport: this.#conversation?.transport.name,
      sessionId: session && Buffer.from(session.welcome.sessionId).toString('hex'),
      rttMs: session?.rttMs,
      pingMs: session?.pingMs,
      failures: this.#dialler.failures,
    };
  }

  /** A process start connects at once. */
  start(): void {
    if (this.state === 'idle') this.#connect();
  }

  /** Within a session only (see `inSession`). Returns the frame's sequence number. */
  send(message: EncodedMessage): number {
    if (this.#conversation === undefined) throw new Error('a frame was sent outside of a session');
    return this.#conversation.send(message);
  }

  /** Ends the session and opens the next one at once: a new key, a better way to the hub. */
  renew(reason: string, delayMs = 0): void {
    if (this.state !== 'established' && this.state !== 'quarantined') return;
    this.#options.log.info('channel-draining', { reason, delayMs });
    this.#stage.enter('draining');
    this.#stage.after(delayMs, () => this.#leave(reason));
  }

  /** The NAT was measured anew. */
  adaptPing(): void {
    this.#session?.adaptPing();
  }

  /** Resolves within `FAREWELL_MS`, whatever hangs (F33). */
  stop(): Promise<void> {
    if (this.#conversation === undefined) {
      this.#stage.enter('closed');
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#stopped = resolve;
      this.#stage.after(FAREWELL_MS, () => this.#conversation?.destroy(new Error('stopped')));
      this.#leave('the agent stops');
    });
  }

  #connect(): void {
    this.#stage.enter('connecting');
    this.#stage.after(ATTEMPT_MS, () => this.#giveUp());
    this.#leaving = false;
    void this.#options.store.settled().then(() => {
      if (this.state === 'connecting' && this.#conversation === undefined) this.#dial();
    });
  }

  #dial(): void {
    const { log, listener } = this.#options;
    const word = new HubWord(this.#party, log);
    this.#conversation = this.#dialler.dial({
      challenged: (hubTime) => this.#challenged(hubTime),
      notice: (message) => {
        word.notice(message);
        this.#conversation?.close(1000, 'understood');
      },
      welcomed: (welcome) => this.#welcomed(welcome, word),
      acknowledged: (seq) => this.#session?.acknowledged(seq),
      message: (message) => this.#session?.message(message),
      drained: () => listener.drained(),
      ended: (end) => this.#ended(end, word),
    });
  }

  /** The attempt's time is over. */
  #giveUp(): void {
    if (this.#conversation) this.#conversation.destroy(new HandshakeTimeoutError(this.state, ATTEMPT_MS));
    else this.#retry('waiting', this.#dialler.unbegun());
  }

  #challenged(hubTime: number): void {
    this.#history.hubSaid(hubTime);
    this.#stage.enter('authenticating');
    this.#stage.after(ATTEMPT_MS, () => this.#giveUp());
  }

  #welcomed(welcome: Welcome, word: HubWord): void {
    const { log, listener } = this.#options;
    const saved = this.#party.welcomed(welcome);
    const conversation = this.#conversation!;
    const { epoch, label, quarantined, reconnectWindowMs } = welcome;
    const transport = conversation.transport.name;
    this.#stage.enter(quarantined ? 'quarantined' : 'established');
    this.#history.opened();
    this.#dialler.established(transport, reconnectWindowMs);
    const drain = (delayMs: number): void => this.renew('the hub drains', delayMs);
    const session = new StandingSession(welcome, {
      ...this.#options,
      history: this.#history,
      conversation,
      word,
      drain,
    });
    this.#session = session;
    log.info('channel-established', { epoch, label, quarantined, transport });
    saved.then(
      () => {
        if (this.#session === session) this.send(encodeAgentMessage('ratchetStored', {}));
      },
      (error: unknown) => listener.unsaved(error),
    );
    listener.opened(session.welcome);
  }

  #leave(reason: string): void {
    this.#leaving = true;
    if (this.inSession) this.send(encodeAgentMessage('disconnect', { reason }));
    this.#conversation?.close(1000, reason);
  }

  #ended(end: ConversationEnd, word: HubWord): void {
    const { listener } = this.#options;
    const session = this.#session;
    this.#conversation = undefined;
    this.#session = undefined;
    session?.end();
    if (session) listener.lost();
    const step = this.#dialler.ended({ end, word, sessionMs: session?.ageMs, leaving: this.#leaving });
    if (this.#stopped !== undefined) {
      this.#stage.enter('closed');
      this.#stopped();
    } else if (step.state === 'closed') {
      this.#stage.enter('closed');
      listener.revoked(step.revocation);
    } else {
      if (step.fault !== undefined) this.#note(step.fault, end);
      this.#retry(step.state, step.delayMs);
    }
  }

  #note({ code, message }: Fault, { phase, transport }: ConversationEnd): void {
    this.#history.failed({ code, message });
    this.#options.log.warn('channel-ended', { code, message, phase, transport });
  }

  #retry(state: 'waiting' | 'refused', delayMs: number): void {
    this.#stage.enter(state);
    this.#stage.after(delayMs, () => this.#connect());
  }
}
