import type { Clock, Timer } from '@stoa/agent';
import type { SimulatedNetwork } from '../chainweb/index.ts';
import type { Dice } from './random.ts';
import { SharedFork } from './shared-fork.ts';
import { type Stage, TROUBLES, type Trouble, type Undo } from './troubles.ts';
import type { WorldNode } from './world-node.ts';

export interface MischiefOptions {
  readonly nodes: readonly WorldNode[];
  readonly clock: Clock;
  readonly network: SimulatedNetwork;
  readonly dice: Dice;
  /** Ends outages sooner: of whom the hub takes for online, each comes to its work while somebody waits for it. */
  readonly longestOutageMs?: number | undefined;
}

/** Share of the nodes that are in trouble at any time, about. */
const SHARE = 0.08;
const MINUTE_MS = 60_000;

/**
 * Keeps a share of the world in trouble, by its dice. It begins with one of each kind, as far as the share allows, so that
 * a console has all of them to show.
 */
export class Mischief {
  readonly #options: MischiefOptions;
  readonly #stage: Stage;
  readonly #active = new Map<WorldNode, { trouble: Trouble; timer: Timer; undo: Undo }>();
  readonly #wanted: number;
  #next: Timer | undefined;

  constructor(options: MischiefOptions) {
    const { clock, network, dice, nodes } = options;
    this.#options = options;
    this.#stage = { clock, network, dice, fork: new SharedFork(network) };
    this.#wanted = Math.max(1, Math.round(nodes.length * SHARE));
  }

  /** What is wrong with whom at the moment. */
  get active(): ReadonlyMap<WorldNode, { readonly trouble: Trouble }> {
    return this.#active;
  }

  start(): void {
    const { clock } = this.#options;
    // So often one ends, and another takes its place.
    const everyMs = this.#averageMs() / this.#wanted;
    const first = TROUBLES.slice(0, this.#wanted);
    const turn = (): void => {
      if (this.#begin(first[0] ?? this.#draw())) first.shift();
      const filling = this.#active.size < this.#wanted;
      this.#next = clock.after(filling ? Math.min(everyMs, 3_000) : everyMs, turn);
    };
    this.#next = clock.after(0, turn);
  }

  /** Ends the script and all troubles. */
  async stop(): Promise<void> {
    this.#next?.cancel();
    await Promise.all([...this.#active.keys()].map((node) => this.#end(node)));
  }

  /** Returns false where no node is well enough for it. */
  #begin(trouble: Trouble): boolean {
    if (this.#active.size >= this.#wanted) return false;
    const { nodes, dice } = this.#options;
    const well = nodes.filter((node) => node.online && !this.#active.has(node));
    if (well.length === 0) return false;
    this.inflict(dice.pick(well), trouble);
    return true;
  }

  /** Begins it at this node, whose turn it is not. @param lastsMs drawn by its kind, unless given */
  inflict(node: WorldNode, trouble: Trouble, lastsMs = this.#drawTime(trouble)): void {
    const undo = Promise.resolve(trouble.begin(node, this.#stage));
    const timer = this.#options.clock.after(lastsMs, () => void this.#end(node));
    this.#active.set(node, { trouble, timer, undo: async () => (await undo)() });
  }

  #drawTime(trouble: Trouble): number {
    return this.#options.dice.number(...this.#bounds(trouble));
  }

  #bounds({ minutes: [least, most], outage }: Trouble): [least: number, most: number] {
    const { longestOutageMs = Number.POSITIVE_INFINITY } = this.#options;
    const longest = outage ? longestOutageMs : Number.POSITIVE_INFINITY;
    return [Math.min(least * MINUTE_MS, longest / 4), Math.min(most * MINUTE_MS, longest)];
  }

  #averageMs(): number {
    const lasting = TROUBLES.map((trouble) => {
      const [least, most] = this.#bounds(trouble);
      return (trouble.weight * (least + most)) / 2;
    });
    return sum(lasting) / sum(TROUBLES.map(({ weight }) => weight));
  }

  async #end(node: WorldNode): Promise<void> {
    const active = this.#active.get(node);
    if (active === undefined) return;
    active.timer.cancel();
    await active.undo();
    this.#active.delete(node);
  }

  #draw(): Trouble {
    const total = sum(TROUBLES.map(({ weight }) => weight));
    let left = this.#options.dice.number(0, total);
    for (const trouble of TROUBLES) {
      left -= trouble.weight;
      if (left < 0) return trouble;
    }
    return TROUBLES[0]!;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
