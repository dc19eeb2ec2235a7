import {
  type AgentDescription,
  type CryptoSuite,
  type DialBackReport,
  dialBackKind,
  equalBytes,
  fromHex,
  open,
  ProtocolError,
  peek,
  type Random,
  toHex,
} from '@stoa/protocol';
import type { Clock } from '../../clock.ts';
import type { GatedSession } from '../../gateway/index.ts';
import type { Task } from '../../ticker.ts';
import type { DialBackStore, Verdict } from './dial-back-store.ts';
import { Diallers, type DiallersDeps } from './diallers.ts';

const MINUTE_MS = 60_000;
/** How long an answer counts, and after how long the next is asked for. */
const PASS_MS = 6 * 60 * MINUTE_MS;
const AGAIN_MS = 3 * 60 * MINUTE_MS;
const FAILED_AGAIN_MS = 10 * MINUTE_MS;
/** How soon somebody else looks at a node of which a single stranger's word is all there is. */
const CONFIRMED_MS = 10 * MINUTE_MS;
/** Owners of strangers whose word closes what was open, or opens what was closed: one may have no way to it, or lie. */
const VOICES = 2;
/** An agent gives up after five seconds; what is not told by then is asked of another. */
const ANSWER_MS = 30_000;
/** From one look at a node to the next, whoever looks. */
const LEAST_APART_MS = MINUTE_MS;
/** Looks a tick. */
const BUDGET = 100;
const OTHER_QUESTION = 'a dial-back answers another question than the one that was asked';

interface Target {
  session: GatedSession;
  fingerprint: string;
  port: number;
  network: string;
  /** When the next look is due. */
  dueAt: number;
}

/** What owners of strangers said last, and when. None of them is asked twice while others may be. */
interface Voices {
  /** They found nothing since somebody did. */
  readonly missed: Map<string, number>;
  /** They found it since it was closed. */
  readonly found: Map<string, number>;
}

interface Pending {
  readonly target: string;
  readonly dialler: string;
  /** Of the dialler. */
  readonly owner: string;
  readonly host: string;
  readonly port: number;
  readonly fingerprint: string;
  readonly until: number;
}

/** A certificate that answers at two nodes; the holder was there first. */
export interface SharedCertificate {
  readonly fingerprint: string;
  readonly holder: string;
  readonly rival: string;
  /** Address and port at which the rival was looked at, and who looked. */
  readonly host: string;
  readonly port: number;
  readonly dialler: string;
}

export interface DialBackDeps extends Pick<DiallersDeps, 'failing'> {
  readonly store: DialBackStore;
  /** Of one address, at once; those who were there first. */
  readonly mostPerAddress: number;
  readonly onShared: (shared: SharedCertificate) => Promise<void>;
  /** Told until when a node's answers count; 0: they do not. */
  readonly onServed: (nodeId: string, until: number) => void;
  /** What may be dialled: the public internet, and what the region allows besides. */
  readonly allows: (address: string) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: CryptoSuite;
}

/**
 * Gate 7: has strangers look whether nodes serve. The hub draws who looks, tells him the address that the node's session comes
 * from, and compares the certificate that he was shown with the one that the node reports; it never dials itself.
 */
export class DialBackDesk implements Task {
  readonly name = 'dial-backs';
  readonly periodMs = 5_000;
  readonly #deps: DialBackDeps;
  readonly #diallers: Diallers;
  readonly #targets = new Map<string, Target>();
  readonly #pending = new Map<string, Pending>();
  /** By node id, over sessions: a new one must not make a stranger's word forgotten. */
  readonly #voices = new Map<string, Voices>();
  /** Nodes that strangers closed, until strangers open them; known again after a restart. */
  readonly #closed = new Set<string>();
  /**
   * Until when nobody looks at a node again, by node id: neither a new session nor another certificate may have others look
   * more often, or a node could send them at an address as fast as it talks.
   */
  readonly #rests = new Map<string, number>();

  constructor(deps: DialBackDeps) {
    this.#deps = deps;
    this.#diallers = new Diallers(deps);
  }

  opened(session: GatedSession): void {
    this.#diallers.add(session);
  }

  described(session: GatedSession, description: AgentDescription): void {
    const { p2pFingerprint: fingerprint, p2pPort: port, chainwebNetwork: network } = description;
    const { nodeId } = session.node;
    if (fingerprint === '' || port === 0) return;
    const held = this.#targets.get(nodeId);
    // A certificate that changed is looked at anew, as soon as the node may be.
    const dueAt = held?.fingerprint === fingerprint ? held.dueAt : (this.#rests.get(nodeId) ?? 0);
    this.#targets.set(nodeId, { session, fingerprint, port, network, dueAt });
  }

  ended(session: GatedSession): void {
    this.#diallers.remove(session);
    const { nodeId } = session.node;
    if (this.#targets.get(nodeId)?.session.facts.epoch === session.facts.epoch) this.#targets.delete(nodeId);
  }

  /** What was found earlier, of nodes that have just come. */
  async follow(_hubHour: number, fresh: readonly string[]): Promise<void> {
    const { store, onServed, clock } = this.#deps;
    if (fresh.length === 0) return;
    const now = clock.now();
    for (const [nodeId, until] of await store.passed(fresh)) {
      onServed(nodeId, until);
      if (until === 0) this.#closed.add(nodeId);
      const target = this.#targets.get(nodeId);
      if (target !== undefined)
        target.dueAt = Math.max(target.dueAt, Math.min(until - PASS_MS / 2, now + AGAIN_MS));
    }
  }

  tick(): void {
    const { clock } = this.#deps;
    const now = clock.now();
    for (const [nonce, { until }] of this.#pending) if (until < now) this.#pending.delete(nonce);
    for (const [nodeId, until] of this.#rests) if (until <= now) this.#rests.delete(nodeId);
    let left = BUDGET;
    for (const [nodeId, target] of this.#targets) {
      if (target.dueAt > now) continue;
      if (left === 0) return;
      left -= 1;
      this.#rest(nodeId, target, now + LEAST_APART_MS);
      // To the end of the row, so that those whom nobody can look at keep nobody waiting.
      this.#targets.delete(nodeId);
      this.#targets.set(nodeId, target);
      this.#ask(nodeId, target, now);
    }
  }

  /**
   * A question takes one answer: no frame costs a query or a signature that nobody asked this node for.
   * @throws ProtocolError for a report that answers another node's question, or that this one did not sign.
   */
  async result({ node }: Pick<GatedSession, 'node'>, sealed: Uint8Array): Promise<void> {
    const { store, clock } = this.#deps;
    const copy = sealed.slice();
    const nonce = toHex(peek(dialBackKind, copy).nonce);
    const asked = this.#pending.get(nonce);
    // Late, or told twice.
    if (asked === undefined) return;
    if (asked.dialler !== node.nodeId) throw new ProtocolError('malformed', OTHER_QUESTION);
    this.#pending.delete(nonce);
    const report = await this.#open(node.nodeId, copy);
    if (!answers(report, asked)) throw new ProtocolError('malformed', OTHER_QUESTION);
    if (report.outcome === 'refused') return;
    const now = clock.now();
    const verdict = await this.#judge(report, asked, now);
    const passedUntil = await this.#weigh(asked, verdict, now);
    await store.put({
      ...{ nodeId: asked.target, at: new Date(now), verdict, fingerprint: report.fingerprint },
      ...{ host: asked.host, port: asked.port, dialler: asked.dialler, sealed: copy },
      passedUntil: passedUntil ?? (await this.#held(asked.target)),
    });
  }

  #ask(nodeId: string, target: Target, now: number): void {
    const { allows, random } = this.#deps;
    const { session, port, network, fingerprint } = target;
    const host = session.facts.address.replace(/^::ffff:(?=\d+\.)/, '');
    if (!allows(host)) return;
    const dialler = this.#diallers.draw(session, this.#heardLately(nodeId, now), now);
    if (dialler === undefined) return;
    const nonce = random(16);
    this.#pending.set(toHex(nonce), {
      ...{ target: nodeId, dialler: dialler.node.nodeId, owner: dialler.node.owner, host, port, fingerprint },
      until: now + ANSWER_MS,
    });
    dialler.send('dialBack', { nonce, target: fromHex(nodeId), host, port, network });
  }

  async #open(nodeId: string, sealed: Uint8Array): Promise<DialBackReport> {
    const { store, clock, crypto } = this.#deps;
    const keys = await store.keysOf(nodeId, new Date(clock.now()));
    for (const [i, key] of keys.entries()) {
      try {
        return open(dialBackKind, sealed, crypto, key);
      } catch (error) {
        if (i === keys.length - 1) throw error;
      }
    }
    throw new ProtocolError('bad_signature', `node ${nodeId} is not registered`);
  }

  async #judge(report: DialBackReport, asked: Pending, now: number): Promise<Verdict> {
    const { store, mostPerAddress, onShared } = this.#deps;
    if (report.outcome !== 'answered') return report.outcome;
    if (report.fingerprint !== asked.fingerprint) return 'other-certificate';
    const { target: rival, fingerprint, host, port, dialler } = asked;
    // Before it claims anything: one host behind many ports would else take the certificates of as many nodes to come.
    if (await store.isCrowded(host, rival, { now: new Date(now), most: mostPerAddress }))
      return 'crowded-address';
    const holder = await store.claim(fingerprint, rival, { now: new Date(now), passMs: PASS_MS });
    if (holder !== rival) {
      await onShared({ fingerprint, holder, rival, host, port, dialler });
      return 'shared-certificate';
    }
    return 'answered';
  }

  /** Returns until when the node has passed; undefined: as before, 0 ms: not any more. */
  async #weigh({ target, owner }: Pending, verdict: Verdict, now: number): Promise<Date | undefined> {
    // What the hub itself knows takes no second voice.
    if (verdict === 'shared-certificate' || verdict === 'crowded-address') return this.#close(target, now);
    const { missed, found } = this.#voicesOf(target);
    if (verdict === 'answered') {
      missed.clear();
      found.set(owner, now);
      return this.#closed.has(target) && found.size < VOICES ? undefined : this.#pass(target, now);
    }
    found.clear();
    missed.set(owner, now);
    if (missed.size < VOICES) return undefined;
    this.#closed.add(target);
    return this.#close(target, now);
  }

  async #pass(nodeId: string, now: number): Promise<Date> {
    const { onServed, random } = this.#deps;
    this.#voices.delete(nodeId);
    this.#closed.delete(nodeId);
    const isNew = ((await this.#held(nodeId))?.getTime() ?? 0) <= now;
    const target = this.#targets.get(nodeId);
    // Spread, so that nodes that came together are not looked at together for ever.
    const again = (isNew ? CONFIRMED_MS : AGAIN_MS) * (0.75 + random(1)[0]! / 512);
    if (target !== undefined) target.dueAt = now + again;
    onServed(nodeId, now + PASS_MS);
    return new Date(now + PASS_MS);
  }

  #close(nodeId: string, now: number): Date {
    this.#voices.delete(nodeId);
    const target = this.#targets.get(nodeId);
    if (target !== undefined) this.#rest(nodeId, target, now + FAILED_AGAIN_MS);
    this.#deps.onServed(nodeId, 0);
    return new Date(0);
  }

  #voicesOf(nodeId: string): Voices {
    const held = this.#voices.get(nodeId) ?? { missed: new Map(), found: new Map() };
    this.#voices.set(nodeId, held);
    return held;
  }

  #heardLately(nodeId: string, now: number): Set<string> {
    const { missed, found } = this.#voices.get(nodeId) ?? {};
    const all = [...(missed ?? []), ...(found ?? [])];
    return new Set(all.flatMap(([owner, at]) => (now - at < FAILED_AGAIN_MS ? [owner] : [])));
  }

  #rest(nodeId: string, target: Target, until: number): void {
    target.dueAt = until;
    this.#rests.set(nodeId, until);
  }

  async #held(nodeId: string): Promise<Date | undefined> {
    return (await this.#deps.store.find(nodeId))?.passedUntil;
  }
}

function answers(report: DialBackReport, asked: Pending): boolean {
  return (
    equalBytes(report.target, fromHex(asked.target)) &&
    equalBytes(report.dialler, fromHex(asked.dialler)) &&
    report.host === asked.host &&
    report.port === asked.port
  );
}
