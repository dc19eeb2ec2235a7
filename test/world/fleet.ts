import {
  type Clock,
  createClock,
  type Identity,
  type MemoryConnection,
  MemoryNetwork,
  type Timer,
} from '@stoa/agent';
import type { SimulatedNetwork } from '../chainweb/index.ts';
import { Mischief } from './mischief.ts';
import { Neighbourhood } from './neighbourhood.ts';
import { type Past, stagePast } from './past.ts';
import type { Place } from './places.ts';
import { createDice, type Dice } from './random.ts';
import { type ReleaseSource, WorldNode } from './world-node.ts';

/** How a fleet lives. */
export interface FleetTerms {
  /** The chain that the nodes follow; the hub's checkpoint is of it. */
  readonly network: SimulatedNetwork;
  /** The real one, unless given. */
  readonly clock?: Clock;
  /** Of everything but keys. */
  readonly seed?: number;
  /** Whether the seeded script of faults runs. */
  readonly mischief?: boolean;
  /** Labels of nodes that the script leaves alone: somebody else has plans for them. */
  readonly spared?: ReadonlySet<string>;
  /** Outages that the script begins end sooner: see `Mischief`. */
  readonly longestOutageMs?: number;
  /** How many nodes may be on their way to their first session at once; 80 unless given. */
  readonly joining?: number;
  /** How often agents ask for the tips. */
  readonly pollCutMs?: number;
  /** Days that nodes keep their own log; none unless given. */
  readonly logDays?: number;
  /** Labels of nodes that keep theirs as long as nodes do. */
  readonly loggers?: ReadonlySet<string>;
  /** Nodes answer audits: timed by the machine's clock, a crowd in one process would look like the one machine that it is. */
  readonly audited?: boolean;
  /** Where releases of the agent come from; without it, nodes do not update themselves. */
  readonly releases?: ReleaseSource;
  /** Each node's latency to the hub is that of its town, unless this is 0. */
  readonly latency?: 'towns' | 'none';
  /** Told each line that an agent logs, at level debug. */
  readonly onLog?: (line: string, label: string) => void;
}

export type Accept = (connection: MemoryConnection) => void;

export interface FleetOptions extends FleetTerms {
  readonly places: readonly Place[];
  /** Of each place, as the hub has registered it. */
  readonly identities: readonly Identity[];
  /** The hub; undefined while nobody listens. */
  readonly accept: Accept | undefined;
  /**
   * They have a past, which is to be stored first: benchmarks, a warm-up, and some are in trouble since before the fleet began,
   * so that what takes minutes or a day shows at once.
   */
  readonly storePast?: (past: Past) => Promise<void>;
}

/** Most of that time is the way to the hub and back; were it more, a busy machine would not end a handshake in its time. */
const JOINING = 80;
const JOIN_STEP_MS = 50;
/** As agents keep theirs. */
const LOG_DAYS = 40;
/** A node that has no session after so long is not waited for. */
const JOIN_PATIENCE_MS = 20_000;

/** Agent cores on simulated machines: they join one after the other, and get into trouble. */
export class Fleet implements AsyncDisposable {
  readonly nodes: readonly WorldNode[];
  readonly chain: SimulatedNetwork;
  /** Undefined without the script. */
  readonly mischief: Mischief | undefined;
  readonly #options: FleetOptions;
  /** Whom trouble may befall. */
  readonly #troublesome: readonly WorldNode[];
  readonly #clock: Clock;
  readonly #dice: Dice;
  readonly #wires: MemoryNetwork;
  readonly #neighbours = new Neighbourhood();
  #joining: Timer | undefined;

  constructor(options: FleetOptions) {
    const { network, places, identities, accept, clock = createClock(), seed = 1 } = options;
    const dice = createDice(seed);
    this.#options = options;
    this.#clock = clock;
    this.#dice = dice;
    this.chain = network;
    this.#wires = new MemoryNetwork({ clock, accept });
    this.nodes = places.map((place, index) => this.#node(place, identities[index]!, index));
    const { spared } = options;
    this.#troublesome = this.nodes.filter(({ place }) => !spared?.has(place.label));
    this.mischief = options.mischief
      ? new Mischief({
          ...{ nodes: this.#troublesome, clock, network, dice: dice.fork('mischief') },
          longestOutageMs: options.longestOutageMs,
        })
      : undefined;
  }

  get online(): number {
    return this.nodes.filter((node) => node.online).length;
  }

  /** Hands the fleet to another hub of the region, as after a restart; `undefined`: nobody listens. */
  attach(accept: Accept | undefined): void {
    this.#wires.accept = accept;
  }

  /** Resolves once the first are on their way. */
  async join(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.install()));
    const { storePast, loggers: young = new Set() } = this.#options;
    if (storePast && this.mischief)
      await storePast(
        await stagePast({
          ...{ nodes: this.nodes, troublesome: this.#troublesome, young },
          ...{ mischief: this.mischief, clock: this.#clock },
          dice: this.#dice.fork('past'),
        }),
      );
    this.#joinNext(this.nodes.values(), new Map());
    this.mischief?.start();
  }

  async close(): Promise<void> {
    this.#joining?.cancel();
    await this.mischief?.stop();
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** As many join at a time as the machine can carry: a node starts when another has its session. */
  #joinNext(rest: IterableIterator<WorldNode>, started: Map<WorldNode, number>): void {
    const { joining = JOINING } = this.#options;
    const clock = this.#clock;
    const now = clock.monotonic();
    for (const [node, at] of started) if (node.online || now - at > JOIN_PATIENCE_MS) started.delete(node);
    while (started.size < joining) {
      const next = rest.next();
      if (next.done) return;
      started.set(next.value, now);
      void next.value.start();
    }
    this.#joining = clock.after(JOIN_STEP_MS, () => this.#joinNext(rest, started));
  }

  #node(place: Place, identity: Identity, index: number): WorldNode {
    const { network, latency = 'towns', pollCutMs, audited, releases, onLog } = this.#options;
    const logDays = this.#options.loggers?.has(place.label) ? LOG_DAYS : this.#options.logDays;
    return new WorldNode({
      place,
      identity,
      clock: this.#clock,
      network,
      wires: this.#wires,
      ...{ pollCutMs, logDays, audited, releases, neighbours: this.#neighbours },
      latencyMs: latency === 'towns' ? place.latencyMs : 0,
      dice: this.#dice.fork(`node ${index}`),
      onLog: onLog && ((line) => onLog(line, place.label)),
    });
  }
}
