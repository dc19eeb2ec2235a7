import { GATES, hasCapability, type Random } from '@stoa/protocol';
import type { GatedSession } from '../../gateway/index.ts';

/** Draws before none is found: where hardly anybody is allowed, the next tick tries again. */
const DRAWS = 24;
/** What one agent is asked for, a minute. */
const DIALS_A_MINUTE = 6;
/** Of fewer networks than these no draw is made: who has nodes in most of them would be drawn most of the time. */
const LEAST_SITES = 5;
/** What a region that has just begun cannot have passed yet: it takes a day, and others who look. */
const BEGINNING = bitOf('warm-up') | bitOf('serving');

/** Owners of one network, and their nodes there. */
type Site = readonly (readonly string[])[];

export interface DiallersDeps {
  /** Bits of the gates that a node failed when it was last judged; undefined: not lately. */
  readonly failing: (nodeId: string) => number | undefined;
  readonly random: Random;
}

/**
 * Agents whose operators allow that they look at others. Drawn, so nobody can choose his own: a network first, then an owner
 * there, then one of his nodes, so that many agents on few machines are drawn no more often than one. An agent alone costs
 * nothing, so only nodes that pass all gates themselves are believed; while those stand in hardly any network, nodes that lack
 * no more than what takes time.
 */
export class Diallers {
  readonly #deps: DiallersDeps;
  readonly #sessions = new Map<string, GatedSession>();
  #sites: readonly Site[] = [];
  #asked = new Map<string, number>();
  #minute = 0;

  constructor(deps: DiallersDeps) {
    this.#deps = deps;
  }

  add(session: GatedSession): void {
    if (session.facts.quarantined || !hasCapability(session.facts.capabilities, 'dialBack')) return;
    this.#sessions.set(session.node.nodeId, session);
  }

  remove({ node: { nodeId }, facts }: GatedSession): void {
    if (this.#sessions.get(nodeId)?.facts.epoch === facts.epoch) this.#sessions.delete(nodeId);
  }

  /** One of another owner and another network than the target's, and of none of those owners. */
  draw(target: GatedSession, except: ReadonlySet<string>, now: number): GatedSession | undefined {
    this.#turn(now);
    for (let i = 0; i < DRAWS && this.#sites.length > 0; i += 1) {
      const dialler = this.#sessions.get(this.#one(this.#one(this.#one(this.#sites))));
      if (dialler === undefined) continue;
      const { nodeId, owner, site } = dialler.node;
      const asked = this.#asked.get(nodeId) ?? 0;
      const isStranger = owner !== target.node.owner && site !== target.node.site;
      if (!isStranger || asked >= DIALS_A_MINUTE || except.has(owner)) continue;
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
    const proven = this.#passing(0);
    this.#sites = proven.length >= LEAST_SITES ? proven : this.#passing(BEGINNING);
  }

  /** @param lacking gates that need not be passed. */
  #passing(lacking: number): Site[] {
    const sites = new Map<string, Map<string, string[]>>();
    for (const [nodeId, { node }] of this.#sessions) {
      const failing = this.#deps.failing(nodeId);
      if (failing === undefined || (failing & ~lacking) !== 0) continue;
      const owners = sites.get(node.site) ?? new Map<string, string[]>();
      sites.set(node.site, owners);
      const nodes = owners.get(node.owner);
      if (nodes === undefined) owners.set(node.owner, [nodeId]);
      else nodes.push(nodeId);
    }
    return Array.from(sites.values(), (owners) => [...owners.values()]);
  }

  #one<T>(from: readonly T[]): T {
    const bytes = this.#deps.random(4);
    return from[new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) % from.length]!;
  }
}

function bitOf(gate: (typeof GATES)[number]): number {
  return 1 << GATES.indexOf(gate);
}
