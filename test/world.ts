import { type Clock, createClock, type Identity, MemoryNetwork, type Timer } from '@stoa/agent';
import type { DbAdapter, Hub } from '@stoa/hub';
import type { Random } from '@stoa/protocol';
import type { SignerClient } from '@stoa/signer/client';
import type { SimulatedNetwork } from './chainweb/index.ts';
import { enrolAll, forgetEarlier } from './world/enrolment.ts';
import { Mischief } from './world/mischief.ts';
import { stagePast } from './world/past.ts';
import { type Place, placeOf, townOf } from './world/places.ts';
import { createDice, type Dice } from './world/random.ts';
import { WorldNode } from './world/world-node.ts';

export interface WorldOptions {
  readonly hub: Hub;
  readonly database: Pick<DbAdapter, 'sql'>;
  readonly signer: Pick<SignerClient, 'enrol'>;
  /** The chain that the nodes follow; the hub's checkpoint is of it. */
  readonly network: SimulatedNetwork;
  readonly nodes: number;
  /** Who and where they are, instead of the world's own choice. */
  readonly place?: (index: number) => Partial<Place>;
  /** For keys. */
  readonly random: Random;
  /** The real one, unless given. */
  readonly clock?: Clock;
  /** Of everything but keys. */
  readonly seed?: number;
  /** Whether the seeded script of faults runs. */
  readonly mischief?: boolean;
  /** Whether some are in trouble since before the world began, so that states which take minutes show at once. */
  readonly past?: boolean;
  /** How many nodes may be on their way to their first session at once; 40 unless given. */
  readonly joining?: number;
  /** How often agents ask for the tips. */
  readonly pollCutMs?: number;
  /** Each node's latency to the hub is that of its town, unless this is 0. */
  readonly latency?: 'towns' | 'none';
  /** Gives up enrolling. */
  readonly signal?: AbortSignal;
  /** Told each line that an agent logs, at level debug. */
  readonly onLog?: (line: string, label: string) => void;
}

export interface World extends AsyncDisposable {
  readonly nodes: readonly WorldNode[];
  readonly chain: SimulatedNetwork;
  /** Undefined without the script. */
  readonly mischief: Mischief | undefined;
  readonly online: number;
  /** Hands the fleet to another hub of the region, as after a restart; `undefined`: nobody listens. */
  attach(hub: Hub | undefined): void;
  close(): Promise<void>;
}

const JOINING = 40;
const JOIN_STEP_MS = 50;
/** A node that has no session after so long is not waited for. */
const JOIN_PATIENCE_MS = 20_000;

/**
 * A fleet of real agent cores in this process, on simulated machines that follow a simulated chain; registered as
 * simulated. Earlier neighbours are removed first. Resolves when all are enrolled; they join one after the other.
 * @throws the signal's reason where it aborts.
 */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { hub, nodes: count, clock = createClock(), seed = 1 } = options;
  const dice = createDice(seed);
  const places = Array.from({ length: count }, (_, index) => ({
    ...placeOf(index, count, dice),
    ...options.place?.(index),
  }));
  await forgetEarlier(options.database);
  const identities = await enrolAll(places, { ...options, clock });
  const fleet = new Fleet({ ...options, clock, dice, places, identities });
  fleet.attach(hub);
  await fleet.join();
  return fleet;
}

interface FleetOptions extends WorldOptions {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly places: readonly Place[];
  readonly identities: readonly Identity[];
}

class Fleet implements World {
  readonly nodes: readonly WorldNode[];
  readonly chain: SimulatedNetwork;
  readonly mischief: Mischief | undefined;
  readonly #options: FleetOptions;
  readonly #wires: MemoryNetwork;
  #joining: Timer | undefined;

  constructor(options: FleetOptions) {
    const { clock, network, dice, places, identities } = options;
    this.#options = options;
    this.chain = network;
    this.#wires = new MemoryNetwork({ clock, accept: undefined });
    this.nodes = places.map((place, index) => this.#node(place, identities[index]!, index));
    this.mischief = options.mischief
      ? new Mischief({ nodes: this.nodes, clock, network, dice: dice.fork('mischief') })
      : undefined;
  }

  get online(): number {
    return this.nodes.filter((node) => node.online).length;
  }

  attach(hub: Hub | undefined): void {
    const gateway = hub?.agents.gateway;
    this.#wires.accept = gateway && ((connection) => void gateway.accept(connection, connection.request));
  }

  async join(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.install()));
    const { past, database, dice, clock } = this.#options;
    if (past && this.mischief)
      await stagePast({
        nodes: this.nodes,
        mischief: this.mischief,
        database,
        clock,
        dice: dice.fork('past'),
      });
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
    const { clock, joining = JOINING } = this.#options;
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
    const { clock, network, dice, latency = 'towns', pollCutMs, onLog } = this.#options;
    return new WorldNode({
      place,
      identity,
      clock,
      network,
      wires: this.#wires,
      pollCutMs,
      latencyMs: latency === 'towns' ? townOf(index).latencyMs : 0,
      dice: dice.fork(`node ${index}`),
      onLog: onLog && ((line) => onLog(line, place.label)),
    });
  }
}
