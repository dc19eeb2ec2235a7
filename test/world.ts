import { createClock, type Identity } from '@stoa/agent';
import type { DbAdapter, Hub } from '@stoa/hub';
import type { Random } from '@stoa/protocol';
import type { SignerClient } from '@stoa/signer/client';
import { enrolAll, forgetEarlier } from './world/enrolment.ts';
import { type Accept, Fleet, type FleetTerms } from './world/fleet.ts';
import { storePast } from './world/past.ts';
import { type Place, placeOf } from './world/places.ts';
import { createDice } from './world/random.ts';

export interface SettlingOptions {
  readonly hub: Hub;
  readonly database: Pick<DbAdapter, 'sql'>;
  readonly signer: Pick<SignerClient, 'enrol'>;
  /** For keys. */
  readonly random: Random;
  readonly clock: { now(): number };
  /** Gives up enrolling. */
  readonly signal?: AbortSignal;
}

export interface WorldOptions extends Omit<SettlingOptions, 'clock'>, FleetTerms {
  readonly nodes: number;
  /** Who and where they are, instead of the world's own choice. */
  readonly place?: (index: number) => Partial<Place>;
  /** Whether they have a past: benchmarks, a warm-up, and for some of them a trouble that began before the world did. */
  readonly past?: boolean;
}

export type World = Fleet;

/**
 * A fleet of real agent cores in this process, on simulated machines that follow a simulated chain; registered as
 * simulated. Earlier neighbours are removed first. Resolves when all are enrolled; they join one after the other.
 * @throws the signal's reason where it aborts.
 */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { hub, nodes, database, past, clock = createClock(), seed = 1 } = options;
  const places = placesOf(nodes, seed).map((place, index) => ({ ...place, ...options.place?.(index) }));
  const identities = await settle(places, { ...options, clock });
  const fleet = new Fleet({
    ...{ ...options, clock, seed, places, identities, accept: acceptOf(hub) },
    ...(past && { storePast: (history) => storePast(database, history, clock) }),
  });
  await fleet.join();
  return fleet;
}

/** Who and where the nodes of a world of this seed are. */
export function placesOf(count: number, seed: number): Place[] {
  const dice = createDice(seed);
  return Array.from({ length: count }, (_, index) => placeOf(index, count, dice));
}

/** Makes the hub know a node at each place, and no other simulated one. Returns what their agents have on their disks. */
export async function settle(places: readonly Place[], options: SettlingOptions): Promise<Identity[]> {
  await forgetEarlier(options.database);
  return enrolAll(places, options);
}

/** Where the hub takes connections of this process. */
export function acceptOf({ agents: { gateway } }: Hub): Accept {
  return (connection) => void gateway.accept(connection, connection.request);
}
