import { type RegionCert, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Office } from '#authority/decision.ts';
import type { Head } from '#journal/hash-chain.ts';
import { DAY_MS } from '#journal/region-state.ts';
import { MAX_LEAP_MS } from '#steady-clock.ts';

const WARN_BEFORE_MS = 30 * DAY_MS;
/** A clock that is behind by less is ordinary adjustment. */
const CLOCK_BEHIND_MS = 60_000;

/** What people and monitors see of a signer. Byte strings are hex, times ms since 1970. */
export interface SignerStatus {
  region: string;
  /** Empty before the root certified the region. */
  rootFingerprint: string;
  /** The signer's time, which may stand still above the machine's clock. */
  time: number;
  /** Of the newest instance certificate; 0 before the first. */
  instanceSerial: number;
  minInstanceSerial: number;
  instances: { instance: string; publicKey: string; registeredAt: number }[];
  certificates: { role: string; serial: number; notAfter: number }[];
  enrolmentsLastHour: number;
  enrolmentsPerHour: number;
  journal: { entries: number; head: string };
  /** For a person, in plain words; empty when all is well. */
  alerts: string[];
  /** Whose keys may be certified for orders. */
  adminKeys: { admin: string; publicKey: string; addedAt: number }[];
}

export interface Surroundings {
  /** Undefined until the root's certificates were installed. */
  readonly root: Uint8Array | undefined;
  readonly certificates: readonly RegionCert[];
  readonly head: Head;
  /** The machine's clock. */
  readonly clockNow: number;
}

export function describeStatus(
  { region, state, policy, now }: Office,
  { root, certificates, head, clockNow }: Surroundings,
): SignerStatus {
  return {
    region,
    rootFingerprint: root === undefined ? '' : toHex(nodeCrypto.hash(root)),
    time: now,
    instanceSerial: state.instanceSerial,
    minInstanceSerial: state.minInstanceSerial,
    instances: [...state.instances].map(([instance, { publicKey, registeredAt }]) => ({
      instance,
      publicKey,
      registeredAt,
    })),
    certificates: certificates.map(({ role, serial, notAfter }) => ({ role, serial, notAfter })),
    enrolmentsLastHour: state.enrolled.count(now),
    enrolmentsPerHour: policy.enrolmentsPerHour,
    journal: { entries: head.entries, head: toHex(head.hash) },
    alerts: [
      ...(root === undefined
        ? ["the root has not certified this region's keys yet: nothing can be signed"]
        : []),
      ...certificates.flatMap((cert) => certificateAlert(cert, now)),
      ...clockAlert({ clockNow, now }),
      ...(state.enrolled.count(now) >= policy.enrolmentsPerHour
        ? ['the hourly quota of enrolments is used up']
        : []),
    ],
    adminKeys: [...state.adminKeys].map(([admin, { publicKey, addedAt }]) => ({ admin, publicKey, addedAt })),
  };
}

function certificateAlert({ role, notAfter }: RegionCert, now: number): string[] {
  if (notAfter - now > WARN_BEFORE_MS) return [];
  const day = new Date(notAfter).toISOString().slice(0, 10);
  const state = notAfter <= now ? `ended on ${day}, and nodes refuse what it signed` : `ends on ${day}`;
  return [`the region's ${role} certificate ${state}: run 'signer region renew' where the root key is`];
}

function clockAlert({ clockNow, now }: { clockNow: number; now: number }): string[] {
  if (clockNow - now > MAX_LEAP_MS)
    return [
      "this machine's clock has leapt ahead: nothing is signed until it is set right, or 'signer clock accept' is run",
    ];
  if (now - clockNow < CLOCK_BEHIND_MS) return [];
  const seconds = Math.round((now - clockNow) / 1000);
  return [
    `this machine's clock is ${seconds} s behind what was signed already: time stands still until it catches up`,
  ];
}
