/** A fleet of `pnpm demo`, in a process of its own beside its hub: it ends with that. */
import { createClock, createDisk, createHttp, DIRECT, type Identity, VirtualClock } from '@stoa/agent';
import { createNetwork } from '../test/chainweb/index.ts';
import { createFairClock } from '../test/world/clocks.ts';
import { type Crossing, WayToHub } from '../test/world/crossing.ts';
import { FLAGS, type FlagName } from '../test/world/flags.ts';
import { Fleet } from '../test/world/fleet.ts';
import type { Past } from '../test/world/past.ts';
import type { Place } from '../test/world/places.ts';
import type { WorldNode } from '../test/world/world-node.ts';

export interface FleetStart {
  /** Of the chain, which all fleets share. */
  readonly seed: number;
  /** Which of the demo's fleets: what happens in it is its own. */
  readonly fleet: number;
  /** When the chain began, ms since 1970. */
  readonly chainStartsAt: number;
  readonly places: readonly Place[];
  /** Of each place, as the hub has registered it. */
  readonly identities: readonly Identity[];
  readonly pollCutMs: number | undefined;
  readonly longestOutageMs: number | undefined;
  /** Labels that the script of faults leaves alone. */
  readonly spared: readonly string[];
  /** Labels of nodes whose data directories are asked for. */
  readonly kept: readonly string[];
  /** What the hub's clock shows, where the fleet's goes by that alone; undefined: both go by the machine's. */
  readonly now: number | undefined;
  /** Of what the nodes update themselves: the hub, and the root of its releases; undefined: they don't. */
  readonly releases:
    | { readonly origin: string; readonly root: Uint8Array; readonly downloads: string }
    | undefined;
}

export interface Muster {
  readonly joined: number;
  /** Have not joined, by the script of faults. */
  readonly away: number;
}

/** Of the node of that label. */
export interface FlagSwitch {
  readonly label: string;
  readonly flag: FlagName;
  readonly on: boolean;
}

/** A node's data directory, and where it is to be copied to. */
export interface KeptNode {
  readonly node: string;
  readonly directory: string;
}

export type ToFleet =
  | { readonly kind: 'start'; readonly start: FleetStart }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'flag'; readonly flag: FlagSwitch }
  | { readonly kind: 'keep'; readonly kept: KeptNode }
  | { readonly kind: 'stored' }
  | { readonly kind: 'crossings'; readonly crossings: readonly Crossing[] };
export type ToHub =
  | { readonly kind: 'past'; readonly past: Past }
  /** As far as it was told to. */
  | { readonly kind: 'time' }
  /** Copied, or no node of this fleet. */
  | { readonly kind: 'kept' }
  | { readonly kind: 'muster'; readonly muster: Muster }
  | { readonly kind: 'crossings'; readonly crossings: readonly Crossing[] };

const MUSTER_MS = 500;
// Each agent meets files that are not there and waits that are cut: nobody reads those stacks, and they cost a tenth.
Error.stackTraceLimit = 0;

function tell(message: ToHub): void {
  process.send?.(message);
}

const stored = Promise.withResolvers<void>();
const way = new WayToHub((crossings) => tell({ kind: 'crossings', crossings }));

let shared: VirtualClock | undefined;
let fleet: Fleet | undefined;
/** By label and flag: what sets it right again. */
const switchedOff = new Map<string, () => void>();

async function live({ seed, chainStartsAt, ...terms }: FleetStart): Promise<void> {
  shared = terms.now === undefined ? undefined : new VirtualClock(terms.now);
  const clock = shared ?? createFairClock(createClock());
  fleet = new Fleet({
    ...{ clock, seed: seed + terms.fleet, places: terms.places, identities: terms.identities },
    network: createNetwork({ seed, clock, startsAt: chainStartsAt }),
    mischief: true,
    spared: new Set(terms.spared),
    loggers: new Set(terms.kept),
    ...(terms.longestOutageMs && { longestOutageMs: terms.longestOutageMs }),
    ...(terms.releases && {
      releases: { ...terms.releases, http: createHttp({ clock, proxies: DIRECT, keepAlive: true }) },
    }),
    ...(terms.pollCutMs && { pollCutMs: terms.pollCutMs }),
    accept: way.accept,
    storePast(past) {
      tell({ kind: 'past', past });
      return stored.promise;
    },
  });
  if (terms.places.length > 0) await fleet.join();
  muster(fleet, new Set());
}

/** Until all have joined that can. */
function muster(fleet: Fleet, joined: Set<WorldNode>): void {
  for (const node of fleet.nodes) if (!joined.has(node) && node.online) joined.add(node);
  const missing = fleet.nodes.filter((node) => !joined.has(node));
  const away = missing.filter((node) => fleet.mischief?.active.has(node)).length;
  tell({ kind: 'muster', muster: { joined: joined.size, away } });
  if (missing.length > away) setTimeout(() => muster(fleet, joined), MUSTER_MS);
}

function throwSwitch({ label, flag, on }: FlagSwitch): void {
  const key = `${label} ${flag}`;
  const node = fleet?.nodes.find(({ place }) => place.label === label);
  if (node === undefined) return;
  if (!on && !switchedOff.has(key)) switchedOff.set(key, FLAGS[flag].off(node));
  if (!on) return;
  switchedOff.get(key)?.();
  switchedOff.delete(key);
}

/** A directory of a node that a person looks into with the agent's own commands. */
async function keep({ node, directory }: KeptNode): Promise<void> {
  await fleet?.nodes.find(({ place }) => place.label === node)?.copyData(createDisk(), directory);
  tell({ kind: 'kept' });
}

process.on('message', (message: ToFleet) => {
  if (message.kind === 'time')
    void shared?.advance(message.ms).then(() => {
      way.flush();
      tell({ kind: 'time' });
    });
  if (message.kind === 'flag') throwSwitch(message.flag);
  if (message.kind === 'keep') void keep(message.kept);
  if (message.kind === 'crossings') way.take(message.crossings);
  if (message.kind === 'stored') stored.resolve();
  if (message.kind === 'start') void live(message.start);
});
process.once('disconnect', () => process.exit());
// The demo ends all of it: a Ctrl-C reaches every process of the terminal.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined);
