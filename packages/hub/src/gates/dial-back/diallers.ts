import { hasCapability, type Random } from '@stoa/protocol';
import type { GatedSession } from '../../gateway/index.ts';

/** Draws before none is found: where hardly anybody is allowed, the next tick tries again. */
const DRAWS = 24;
/** What one agent is asked for, a minute. */
const DIALS_A_MINUTE = 6;

/** Agents whose operators allow that they look at others, and how often each was asked. Drawn, so nobody can choose his own. */
export class Diallers {
  readonly #random: Random;
  readonly #sessions: GatedSession[] = [];
  readonly #places = new Map<string, number>();
  #asked = new Map<string, number>();
  #minute = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#sessions.length;
  }

  add(session: GatedSession): void {
    if (session.facts.quarantined || !hasCapability(session.facts.capabilities, 'dialBack')) return;
    const { nodeId } = session.node;
    const at = this.#places.get(nodeId) ?? this.#sessions.length;
    this.#sessions[at] = session;
    this.#places.set(nodeId, at);
  }

  remove(session: GatedSession): void {
    const { nodeId } = session.node;
    const at = this.#places.get(nodeId);
    if (at === undefined || this.#sessions[at]?.facts.epoch !== session.facts.epoch) return;
    const last = this.#sessions.pop()!;
    this.#places.delete(nodeId);
    if (last.node.nodeId === nodeId) return;
    this.#sessions[at] = last;
    this.#places.set(last.node.nodeId, at);
  }

  /** One of another owner and another network than the target's, and none of those. */
  draw(target: GatedSession, except: ReadonlySet<string>, now: number): GatedSession | undefined {
    this.#turn(now);
    for (let i = 0; i < DRAWS && this.#sessions.length > 0; i += 1) {
      const dialler = this.#sessions[this.#below(this.#sessions.length)]!;
      const { nodeId, owner, site } = dialler.node;
      const asked = this.#asked.get(nodeId) ?? 0;
      const isStranger = owner !== target.node.owner && site !== target.node.site;
      if (!isStranger || asked >= DIALS_A_MINUTE || except.has(nodeId)) continue;
      this.#asked.set(nodeId, asked + 1);
      return dialler;
    }
    return undefined;
  }

  #turn(now: number): void {
    const minute = Math.floor(now / 60_000);
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.#asked = new Map();
  }

  #below(bound: number): number {
    const bytes = this.#random(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) % bound;
  }
}
