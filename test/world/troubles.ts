import type { Clock } from '@stoa/agent';
import type { SimulatedNetwork } from '../chainweb/index.ts';
import type { Dice } from './random.ts';
import type { SharedFork } from './shared-fork.ts';
import type { WorldNode } from './world-node.ts';

/** What troubles may use besides the node itself. */
export interface Stage {
  readonly clock: Clock;
  readonly network: SimulatedNetwork;
  readonly fork: SharedFork;
  readonly dice: Dice;
}

export type Undo = () => void | Promise<void>;

/** One way in which a node can be in trouble. */
export interface Trouble {
  readonly name: string;
  /** How often it is drawn, relative to the others. */
  readonly weight: number;
  /** How long it lasts. */
  readonly minutes: readonly [least: number, most: number];
  /** The node takes no work meanwhile. */
  readonly outage?: true;
  begin(node: WorldNode, stage: Stage): Undo | Promise<Undo>;
}

const HOUR_MS = 3_600_000;
const YEAR_MS = 8_766 * HOUR_MS;

/** A copy of the data directory is started while the node lives: each takes the session from the other, and both are named. */
export const LIVE_CLONE: Trouble = {
  name: 'live clone',
  weight: 0,
  minutes: [10, 30],
  async begin(node, { dice }) {
    const copy = await node.clone(`198.19.251.${dice.integer(1, 250)}`);
    // Whose session ended by a fault is back at once; who was replaced waits long.
    node.wire.cut();
    await copy.start();
    return () => copy.stop();
  },
};

export const TROUBLES: readonly Trouble[] = [
  {
    name: 'lag',
    weight: 5,
    minutes: [4, 20],
    begin({ machine }, { dice }) {
      machine.chain.lag({ blocks: dice.integer(5, 40) });
      return () => machine.chain.lag({});
    },
  },
  {
    name: 'stall',
    weight: 2,
    minutes: [5, 25],
    begin({ machine }) {
      machine.chain.freeze();
      return () => machine.chain.thaw();
    },
  },
  {
    name: 'fork',
    weight: 2,
    minutes: [8, 30],
    begin: ({ machine }, { fork }) => fork.join(machine.chain),
  },
  {
    name: 'offline',
    weight: 5,
    minutes: [3, 25],
    outage: true,
    begin(node) {
      node.unplug();
      return () => node.plugIn();
    },
  },
  {
    name: 'power off',
    weight: 2,
    minutes: [4, 30],
    outage: true,
    async begin(node) {
      await node.crash();
      return () => node.start();
    },
  },
  {
    name: 'flapping link',
    weight: 2,
    minutes: [3, 10],
    outage: true,
    begin(node, { clock, dice }) {
      let timer = clock.after(0, flap);
      function flap(): void {
        node.wire.cut();
        timer = clock.after(dice.number(15_000, 60_000), flap);
      }
      return () => timer.cancel();
    },
  },
  {
    name: 'chainweb down',
    weight: 3,
    minutes: [3, 15],
    begin({ machine }) {
      machine.chainwebUp = false;
      return () => {
        machine.chainwebUp = true;
      };
    },
  },
  {
    name: 'API hangs',
    weight: 2,
    minutes: [3, 15],
    begin({ machine }) {
      machine.chain.fault = { kind: 'hang' };
      return () => {
        machine.chain.fault = undefined;
      };
    },
  },
  {
    name: 'probe stuck',
    weight: 1,
    minutes: [3, 15],
    begin({ machine }) {
      machine.stickProbe();
      return () => machine.freeProbe();
    },
  },
  {
    name: 'clock wrong',
    weight: 2,
    minutes: [10, 60],
    begin({ clock }, { dice }) {
      clock.skewMs = dice.pick([-1, 1]) * dice.pick([90_000, HOUR_MS, 26 * HOUR_MS, 10 * YEAR_MS]);
      return () => {
        clock.skewMs = 0;
      };
    },
  },
  {
    name: 'disk full',
    weight: 1,
    minutes: [5, 20],
    outage: true,
    begin({ machine }) {
      machine.disk.full = true;
      return () => {
        machine.disk.full = false;
      };
    },
  },
  {
    name: 'stale copy',
    weight: 1,
    minutes: [3, 8],
    async begin(node, { clock, dice }) {
      const copy = await node.clone(`198.19.250.${dice.integer(1, 250)}`);
      // Two sessions later the copy's secret is neither of the last two.
      node.wire.cut();
      const second = clock.after(90_000, () => node.wire.cut());
      const third = clock.after(170_000, () => void copy.start());
      return async () => {
        second.cancel();
        third.cancel();
        await copy.stop();
      };
    },
  },
];
