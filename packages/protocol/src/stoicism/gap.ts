import { equalBytes } from '../bytes.ts';
import type { Checkpoint } from '../evidence/checkpoint.ts';
import type { GapWord } from './hour.ts';

/*
 * Hub gaps (domain.md, F03): minutes that a hub missed by its own fault cost nobody. The hub declares them about itself
 * alone; whether one counts for a node follows from the node's evidence, so anyone can recompute it.
 */

const MINUTE_MS = 60_000;
const HOUR_MINUTES = 60;
/** How far two links may differ in when the process started: clocks of two hubs, the time of a round trip. */
const DRIFT_MS = MINUTE_MS;

/** Whole minutes since 1970 by the hub's clock, `until` exclusive: the window in which nodes come back is part of it. */
export interface HubGap {
  readonly from: number;
  readonly until: number;
}

/** How a node stood before its gates in one minute. */
export interface Standing {
  /** `warming`: it failed the warm-up alone. */
  readonly is: 'eligible' | 'warming' | 'failing';
  /** Of the process that held the session then, as the hub heard it. */
  readonly bootId: Uint8Array;
}

/** A link of the node's own chain, with the hash by which the next one names it. */
export type GapLink = Pick<Checkpoint, 'hubHour' | 'number' | 'previous' | 'bootId' | 'uptimeMs'> & {
  readonly hash: Uint8Array;
};

export interface GapWitness {
  /** In the last minute judged before the gap, and the first one after it; undefined where it was not judged. */
  readonly before: Standing | undefined;
  readonly after: Standing | undefined;
  /** Its checkpoints up to the hour asked about, ascending: from the hour in which the gap begins, or earlier. */
  readonly chain: readonly GapLink[];
}

/**
 * The minutes of `hubHour` that a gap grants a node: it was eligible on both sides, and its own hash chain and monotonic
 * uptime cover the time between. A process that started later, another boot, a hole in the chain: nothing.
 */
export function gapMinutes(gap: HubGap, hubHour: number, { before, after, chain }: GapWitness): GapWord {
  if (!isEligible(before) || !isEligible(after)) return { minutes: 0n, warming: false };
  // Whoever was off came back as another process: what he signs of the time between is contradicted by what the hub heard.
  const told = chain.at(-1)?.bootId;
  const isSame = told !== undefined && [before, after].every(({ bootId }) => equalBytes(bootId, told));
  return {
    minutes: isSame && coversGap(gap, hubHour, chain) ? minutesWithin(gap, hubHour) : 0n,
    warming: before.is === 'warming' || after.is === 'warming',
  };
}

/** The part of an hour's sixty bits that lies within the span. */
export function minutesWithin({ from, until }: HubGap, hubHour: number): bigint {
  const first = Math.max(0, from - hubHour * HOUR_MINUTES);
  const end = Math.min(HOUR_MINUTES, until - hubHour * HOUR_MINUTES);
  return end <= first ? 0n : ((1n << BigInt(end - first)) - 1n) << BigInt(first);
}

function isEligible(standing: Standing | undefined): standing is Standing {
  return standing !== undefined && standing.is !== 'failing';
}

function coversGap(gap: HubGap, hubHour: number, chain: readonly GapLink[]): boolean {
  const links = linksFrom(Math.floor(gap.from / HOUR_MINUTES), chain);
  if (links.at(-1)?.hubHour !== hubHour) return false;
  return links.every((link, i) => {
    const before = links[i - 1];
    return startOf(link) <= gap.from * MINUTE_MS && (before === undefined || follows(link, before));
  });
}

/** From the hour in which the gap begins, and from the one before where the same process made that. */
function linksFrom(hubHour: number, chain: readonly GapLink[]): readonly GapLink[] {
  const at = chain.findIndex((link) => link.hubHour === hubHour);
  if (at < 0) return [];
  const before = chain[at - 1];
  return chain.slice(before !== undefined && equalBytes(before.bootId, chain[at]!.bootId) ? at - 1 : at);
}

/** When the process started, by the hub's clock. A machine that slept meanwhile seems to have started later. */
function startOf({ hubHour, uptimeMs }: GapLink): number {
  return (hubHour + 1) * HOUR_MINUTES * MINUTE_MS - uptimeMs;
}

function follows(link: GapLink, before: GapLink): boolean {
  return (
    link.hubHour === before.hubHour + 1 &&
    link.number === before.number + 1 &&
    equalBytes(link.previous, before.hash) &&
    equalBytes(link.bootId, before.bootId) &&
    startOf(link) - startOf(before) <= DRIFT_MS
  );
}
