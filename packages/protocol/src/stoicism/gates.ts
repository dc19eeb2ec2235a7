import { GATES } from '../evidence/receipt.ts';
import { UNKNOWN_U16, UNKNOWN_U32 } from '../messages/gauges.ts';

/*
 * The rules of the seven gates, as hub and node apply them. Each fails closed: what is not known does not pass. A reason is a
 * set of bits, bit i for the gate at i in `GATES`, set where it failed; 0 is eligible.
 */

export const GATE_BIT = {
  account: 1,
  benchmark: 2,
  tip: 4,
  warmUp: 8,
  commitment: 16,
  argv: 32,
  serving: 64,
} as const;
/** Every gate failed: nothing was probed. */
export const ALL_GATES: number = (1 << GATES.length) - 1;

/** Gate 3: blocks below the verified head, on the worst chain. */
export const TIP_WITHIN = 3;
/** Gate 4: peers of chainweb that make a minute count. */
export const LEAST_PEERS = 2;
/** Gate 5: a twentieth more than promised, as a fraction so that all compute the same. */
const SPARE = { of: 21, in: 20 };
const GB = 1e9;
const MIB = 2 ** 20;

/** Gate 3: the tips of a node are as old as its last report of them. */
export function lateTipMs(heartbeatMs: number): number {
  return 2 * heartbeatMs + 20_000;
}

/** Gate 4 asks for company; an unknown count is none. */
export function hasPeers(peers: number): boolean {
  return peers >= LEAST_PEERS && peers !== UNKNOWN_U16;
}

export interface CommitmentFacts {
  readonly freeMb: number;
  readonly committedGb: number;
  /** With what other nodes of the host promise on the same drive. */
  readonly driveCommittedGb: number;
}

/** Gate 5. Who promises nothing owes nothing; what is promised on a drive by several must be free for all of them. */
export function commitmentMet({ freeMb, committedGb, driveCommittedGb }: CommitmentFacts): boolean {
  if (committedGb === 0) return true;
  if (freeMb === UNKNOWN_U32) return false;
  const promised = Math.max(committedGb, driveCommittedGb) * GB;
  return freeMb * MIB * SPARE.in >= promised * SPARE.of;
}

export type ArgvFault = 'no-process' | 'hostname' | 'no-peers' | 'mempool' | 'backup' | 'private';

/** Gate 6: what keeps chainweb from helping the network, by the arguments that its process has. Empty: it passes. */
export function argvFaults(argv: readonly string[]): ArgvFault[] {
  if (argv.length === 0) return ['no-process'];
  const faults: ArgvFault[] = [];
  if (!isPublicName(valueIn(argv, '--p2p-hostname'))) faults.push('hostname');
  const capped = ['--p2p-max-peer-count', '--p2p-max-session-count'];
  if (capped.some((name) => isNone(valueIn(argv, name)))) faults.push('no-peers');
  if (!isOn(argv, 'mempool-p2p')) faults.push('mempool');
  if (!isOn(argv, 'backup-api')) faults.push('backup');
  if (isOn(argv, 'private') || argv.includes('--private')) faults.push('private');
  return faults;
}

/** The last of two that contradict each other holds, as chainweb reads them. */
function isOn(argv: readonly string[], feature: string): boolean {
  return argv.lastIndexOf(`--enable-${feature}`) > argv.lastIndexOf(`--disable-${feature}`);
}

/** `--name value` and `--name=value`; the last holds. */
function valueIn(argv: readonly string[], name: string): string | undefined {
  const at = argv.findLastIndex((argument) => argument === name || argument.startsWith(`${name}=`));
  if (at < 0) return undefined;
  const argument = argv[at]!;
  return argument === name ? argv[at + 1] : argument.slice(name.length + 1);
}

function isNone(count: string | undefined): boolean {
  return count !== undefined && !(Number(count) > 0);
}

/** 0.0.0.0 has chainweb use the address that its peers see. */
function isPublicName(name: string | undefined): boolean {
  if (name === undefined || name === '' || name.startsWith('-')) return false;
  return !/^(localhost$|.*\.(localhost|local|internal)$|127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|\[?(::1?$|::1?\]|f[cd]|fe[89ab]))/i.test(
    name,
  );
}
