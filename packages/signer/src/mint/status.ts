import { toHex } from '@stoa/protocol';
import { epochOf } from '@stoa/protocol/mint';
import type { Head } from '#journal/hash-chain.ts';
import { contractOf, senderOf } from '#mint/config.ts';
import type { MintOffice } from '#mint/rules/rule.ts';
import { MAX_LEAP_MS } from '#steady-clock.ts';

/** What people and monitors see of the minter's signer. Times are ms since 1970, keys hex, gas ANU. */
export interface MintSignerStatus {
  networkId: string;
  contract: string;
  moduleHash: string;
  publicKey: string;
  sender: string;
  time: number;
  running: 'yes' | 'killed';
  /** Highest lease under which it answered. */
  lease: number;
  /** Of the newest plan; 0 before the first. */
  lastEpoch: number;
  today: { points: number; slots: number; gas: number };
  journal: { entries: number; head: string };
  /** For a person, in plain words; empty when all is well. */
  alerts: string[];
}

/** Of the day's bound of gas. */
const WARN_SHARE = 0.8;
/** A clock that is behind by less is ordinary adjustment. */
const CLOCK_BEHIND_MS = 60_000;

export function describeMintStatus(
  { config, state, now }: MintOffice,
  { head, clockNow }: { head: Head; clockNow: number },
): MintSignerStatus {
  const { gas, points, slots } = state.day(epochOf(now));
  return {
    networkId: config.networkId,
    contract: contractOf(config),
    moduleHash: config.moduleHash,
    publicKey: state.publicKey,
    sender: senderOf(config, state.publicKey),
    time: now,
    running: state.killed === undefined ? 'yes' : 'killed',
    lease: state.lease,
    lastEpoch: Math.max(0, ...state.plans.keys()),
    today: { points, slots, gas },
    journal: { entries: head.entries, head: toHex(head.hash) },
    alerts: [
      ...(state.killed === undefined ? [] : [`a person stopped it: ${state.killed}`.slice(0, 200)]),
      ...(gas > WARN_SHARE * config.policy.gasSpendPerDay
        ? [`today's gas is at ${gas} of ${config.policy.gasSpendPerDay} ANU`]
        : []),
      ...(now - clockNow > CLOCK_BEHIND_MS
        ? [
            `the clock is ${Math.round((now - clockNow) / 1_000)} s behind what was signed already: nothing new is signed until it catches up`,
          ]
        : []),
      ...(clockNow - state.at > MAX_LEAP_MS
        ? [
            "the clock has leapt ahead: nothing is signed until it is set right, or 'signer mint serve --accept-clock'",
          ]
        : []),
    ],
  };
}
