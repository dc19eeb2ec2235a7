import { hasCapability, type Random } from '@stoa/protocol';
import type { GatedSession } from '../gateway/index.ts';
import { LEAST_ANSWERS } from './pace.ts';

/** Nodes of one address, or of one network (/24, /48), that are connected here: `address 192.0.2.7`, `network 192.0.2.0/24`. */
export type ClusterName = string;

export interface DrawnCluster {
  readonly name: ClusterName;
  /** Of its nodes: those of one address are of one network. */
  readonly site: string;
  readonly sessions: readonly GatedSession[];
}

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

  isAny(isFree: (name: ClusterName, site: string) => boolean): boolean {
    return [...this.#large].some((name) => isFree(name, this.#siteOf(name)));
  }

  /**
   * One of those that may be drawn, with at most so many of its nodes, all of it at random; but nodes that were named in `first` come
   * first.
   */
  draw(
    isFree: (name: ClusterName, site: string) => boolean,
    most: number,
    first: (name: ClusterName) => ReadonlySet<string>,
  ): DrawnCluster | undefined {
    const free = [...this.#large].filter((name) => isFree(name, this.#siteOf(name)));
    if (free.length === 0) return undefined;
    const name = free[this.#below(free.length)]!;
    const members = [...this.#members.get(name)!.values()];
    const wanted = first(name);
    const isWanted = ({ node }: GatedSession) => wanted.has(node.nodeId);
    const inOrder = [
      ...this.#shuffled(members.filter(isWanted)),
      ...this.#shuffled(members.filter((one) => !isWanted(one))),
    ];
    return { name, site: this.#siteOf(name), sessions: this.#shuffled(inOrder.slice(0, most)) };
  }

  #siteOf(name: ClusterName): string {
    const [any] = this.#members.get(name)!.values();
    return any!.node.site;
  }

  #shuffled(sessions: readonly GatedSession[]): GatedSession[] {
    const left = [...sessions];
    return sessions.map(() => left.splice(this.#below(left.length), 1)[0]!);
  }

  #below(bound: number): number {
    const bytes = this.#random(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) % bound;
  }
}

function namesOf({ node, facts }: GatedSession): ClusterName[] {
  return [`address ${facts.address.replace(/^::ffff:(?=\d+\.)/, '')}`, `network ${node.site}`];
}
