/** An hour of a region in which anything happens, and what must be paid by it. */
import { expect } from 'vitest';
import {
  type GatesWorld,
  HELPFUL,
  HOUR_MINUTES,
  MINUTE,
  START,
  type WorldInstance,
  type WorldNode,
} from './gates-world.ts';

const HOUR = START / HOUR_MINUTES;
export const FULL: bigint = (1n << 60n) - 1n;

export interface Taken {
  readonly node: number;
  readonly what: string;
  readonly at: number;
}

/** An hour in which something happens every minute, the lie, and some time to come back. */
export async function live(world: GatesWorld, steps: readonly Taken[], skewMs: number): Promise<void> {
  const a = world.instance('a');
  const honest = [a, world.instance('b', skewMs)];
  for (const one of honest) await one.start();
  for (let n = 0; n < 4; n += 1) (await world.node(`n${n}`)).connect(honest[n % 2]!);
  const course = new Course(world, honest);
  for (const taken of steps) await course.minute(taken);
  await lie(world);
  for (const one of honest) if (!one.running) await one.start();
  for (const node of world.nodes) node.on();
  await world.closeHour();
  for (let i = 0; i < 20; i += 1) await course.minute();
  const hours = await world.hours(HOUR, a);
  for (const node of world.nodes) course.check(node, hours.get(node.nodeId)!.paid);
}

/** An instance that vouches for minutes of nodes that never spoke to it: in sessions of its own invention. */
export async function lie(world: GatesWorld): Promise<void> {
  for (const { nodeId } of world.nodes) {
    await world.database.sql`insert into gate_words values
      (${HOUR}, ${nodeId}, ${2 ** 40}, 'liar', ${'ab'.repeat(16)}, ${String(FULL)}, ${new Uint8Array(0)}, '')`;
    await world.database
      .sql`insert into uptime_words values (${HOUR}, ${nodeId}, ${2 ** 40}, ${String(FULL)})`;
  }
}

/** What must be paid, and what must not, by what happened. Between the two lies what an instance had not stored when it died. */
class Course {
  readonly #world: GatesWorld;
  readonly #honest: readonly WorldInstance[];
  readonly #must = new Map<string, Set<number>>();
  readonly #mustNot = new Map<string, Set<number>>();
  #crashedAt = Number.NEGATIVE_INFINITY;

  constructor(world: GatesWorld, honest: readonly WorldInstance[]) {
    this.#world = world;
    this.#honest = honest;
  }

  async minute(taken?: Taken): Promise<void> {
    const { time, nodes } = this.#world;
    const minute = Math.floor(time.ms / MINUTE);
    const before = nodes.map((node) => ({ node, epoch: node.epoch, instance: node.instance }));
    await this.#recover(minute);
    await this.#world.minute(() => taken && this.#act(taken, minute));
    for (const { node, epoch, instance } of before) {
      const stayed = instance !== undefined && node.instance === instance && node.epoch === epoch;
      const helps = node.argv.length > 0;
      if (stayed && helps) this.#of(this.#must, node).add(minute);
      if (!node.running || (stayed && !helps)) this.#of(this.#mustNot, node).add(minute);
    }
  }

  async #recover(minute: number): Promise<void> {
    const since = minute - this.#crashedAt;
    for (const one of this.#honest) if (!one.running && since > 3) await one.start();
    if (since > 4) for (const node of this.#world.nodes) if (node.instance === undefined) this.#join(node);
  }

  check(node: WorldNode, paid: bigint): void {
    for (let i = 0; i < HOUR_MINUTES; i += 1) {
      const isPaid = ((paid >> BigInt(i)) & 1n) === 1n;
      const minute = START + i;
      if (this.#isWhole(node, minute)) expect([minute - START, isPaid]).toEqual([i, true]);
      const near = [minute - 1, minute, minute + 1];
      if (near.every((one) => this.#of(this.#mustNot, node).has(one)))
        expect([minute - START, isPaid]).toEqual([i, false]);
    }
  }

  /** It stayed with one instance from the minute before to two minutes after, and that lived until it had stored it. */
  #isWhole(node: WorldNode, minute: number): boolean {
    const must = this.#of(this.#must, node);
    return Array.from({ length: 9 }, (_, i) => minute - 1 + i).every((one) => must.has(one));
  }

  #act({ node: n, what, at }: Taken, minute: number): void {
    const node = this.#world.nodes[n]!;
    if (what === 'move') node.connect(this.#honest[at]!);
    if (what === 'off') node.off();
    if (what === 'on') node.on();
    if (what === 'break') node.argv = node.argv.length > 0 ? [] : HELPFUL;
    if (what !== 'crash' || !this.#honest[at]!.running) return;
    this.#honest[at]!.crash();
    this.#crashedAt = minute;
  }

  #join(node: WorldNode): void {
    const running = this.#honest.find((one) => one.running);
    if (running !== undefined) node.connect(running);
  }

  #of(sets: Map<string, Set<number>>, { nodeId }: WorldNode): Set<number> {
    const held = sets.get(nodeId) ?? new Set();
    sets.set(nodeId, held);
    return held;
  }
}
