import { hasCapability, type Random } from '@stoa/protocol';
import type { GatedSession } from '../gateway/index.ts';
import { LEAST_ANSWERS } from './pace.ts';

/** Nodes of one address, or of one network (/24, /48), that are connected here: `address 192.0.2.7`, `network 192.0.2.0/24`. */
export type ClusterName = string;

/** Clusters of nodes that can be audited, kept as sessions come and go. */
export class Clusters {
  readonly #random: Random;
  readonly #members = new Map<ClusterName, Map<string, GatedSession>>();
  /** Those with enough nodes to be told apart. */
  readonly #large = new Set<ClusterName>();

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#large.size;
  }

  add(session: GatedSession): void {
    if (session.facts.quarantined || !hasCapability(session.facts.capabilities, 'audits')) return;
    for (const name of namesOf(session)) {
      const members = this.#members.get(name) ?? new Map<string, GatedSession>();
      this.#members.set(name, members.set(session.node.nodeId, session));
      if (members.size >= LEAST_ANSWERS) this.#large.add(name);
    }
  }

  remove(session: GatedSession): void {
    const { nodeId } = session.node;
    for (const name of namesOf(session)) {
      const members = this.#members.get(name);
      if (members?.get(nodeId)?.facts.epoch !== session.facts.epoch) continue;
      members.delete(nodeId);
      if (members.size < LEAST_ANSWERS) this.#large.delete(name);
      if (members.size === 0) this.#members.delete(name);
    }
  }

  /** One of those that are due, with at most so many of its nodes, all of it at random. */
  draw(
    isDue: (name: ClusterName) => boolean,
    most: number,
  ): { name: ClusterName; sessions: GatedSession[] } | undefined {
    const due = [...this.#large].filter(isDue);
    if (due.length === 0) return undefined;
    const name = due[this.#below(due.length)]!;
    const left = [...this.#members.get(name)!.values()];
    const count = Math.min(most, left.length);
    return {
      name,
      sessions: Array.from({ length: count }, () => left.splice(this.#below(left.length), 1)[0]!),
    };
  }

  #below(bound: number): number {
    const bytes = this.#random(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) % bound;
  }
}

function namesOf({ node, facts }: GatedSession): ClusterName[] {
  return [`address ${facts.address.replace(/^::ffff:(?=\d+\.)/, '')}`, `network ${node.site}`];
}
