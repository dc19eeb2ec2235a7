import { EPOCH_CAP, MINT_CHAINS, MINT_LIMITS } from '@stoa/protocol/mint';
import { SignerError } from '#error.ts';

/** What the minter's signer signs at most, whatever a hub asks. Points are whole, prices and spends ANU (1e-12 STOA). */
export interface MintPolicy {
  /** Of one account and epoch without people: 23 nodes of score 5 for ten days. They may let through what the contract takes. */
  readonly accountCap: number;
  readonly batchCap: number;
  /** Of an epoch, over all chains, without people: a sweep of thirty banked days is three times that. */
  readonly epochCap: number;
  /** Of all batches that are signed first within one UTC day, without people, who may let through `CONTRACT_CAP`. */
  readonly dayCap: number;
  /** Most score of a node: what a region's active nodes can earn is bounded by it. */
  readonly scoreCap: number;
  /** Days that one plan may pay a region for, at most. */
  readonly bankedDays: number;
  /** A plan above this many per-mille of the median of the last seven is for people. */
  readonly outlierPermille: number;
  /** New slots a UTC day, over all chains, without people. */
  readonly enrolmentsPerDay: number;
  readonly gasPriceMin: number;
  readonly gasPriceMax: number;
  readonly gasLimitMax: number;
  readonly gasSpendPerDay: number;
  /** Seconds. */
  readonly ttlMax: number;
  /** How far a creation time may be from the signer's clock, seconds. */
  readonly clockSkew: number;
  readonly attempts: number;
}

/** Points that the contract takes of an epoch at most, over all chains. */
export const CONTRACT_CAP: number = MINT_CHAINS * EPOCH_CAP;

export const DEFAULT_MINT_POLICY: MintPolicy = {
  accountCap: 20_000,
  batchCap: EPOCH_CAP,
  epochCap: 1_000_000_000,
  dayCap: 1_500_000_000,
  scoreCap: 5,
  bankedDays: 31,
  outlierPermille: 1_300,
  enrolmentsPerDay: 20_000,
  gasPriceMin: 10_000,
  gasPriceMax: 100_000,
  gasLimitMax: MINT_LIMITS.gasLimit,
  gasSpendPerDay: 2_000_000_000_000,
  ttlMax: 3_600,
  clockSkew: 600,
  attempts: 5,
};

/** A program recomputes plans from evidence; a person approves what is out of the ordinary. */
export type ApproverRole = 'program' | 'person';

export interface Approver {
  readonly name: string;
  readonly role: ApproverRole;
  /** Hex. */
  readonly publicKey: string;
}

/** `mint.json`: what people decided at the making, and may edit while the signer is stopped. */
export interface MintConfig {
  readonly networkId: string;
  readonly namespace: string;
  readonly module: string;
  readonly moduleHash: string;
  /** The account that pays gas; where it is empty, the one of the minter's own key. */
  readonly sender: string;
  readonly approvers: readonly Approver[];
  /** Approvals that any plan takes. */
  readonly threshold: number;
  /** Of people, that an outlier takes. */
  readonly people: number;
  readonly policy: MintPolicy;
}

/** What the signer is for; it stands in the journal, in approvals and in errors. */
export function contractOf({ namespace, module }: Pick<MintConfig, 'namespace' | 'module'>): string {
  return `${namespace}.${module}`;
}

export function senderOf({ sender }: Pick<MintConfig, 'sender'>, publicKey: string): string {
  return sender === '' ? `k:${publicKey}` : sender;
}

export function formatMintConfig(config: MintConfig): string {
  return `${JSON.stringify({ version: 1, ...config }, undefined, 2)}\n`;
}

const TEXTS = {
  networkId: /^[\w.-]{1,16}$/,
  namespace: /^n_[0-9a-f]{40}$/,
  module: /^[A-Za-z][\w-]{0,31}$/,
} as const;

/** @throws SignerError `bad_argument`, naming the field. */
export function parseMintConfig(value: unknown): MintConfig {
  const fields: Record<string, unknown> = typeof value === 'object' && value !== null ? { ...value } : {};
  if (fields['version'] !== 1) throw bad('version', fields['version'], '1');
  const textOf = (name: string, form: RegExp): string => {
    const text = fields[name];
    if (typeof text === 'string' && form.test(text)) return text;
    throw bad(name, text, form.source);
  };
  const approvers = approversOf(fields['approvers']);
  const people = approvers.filter(({ role }) => role === 'person').length;
  return {
    networkId: textOf('networkId', TEXTS.networkId),
    namespace: textOf('namespace', TEXTS.namespace),
    module: textOf('module', TEXTS.module),
    moduleHash: textOf('moduleHash', /^[\w-]{43}$/),
    sender: textOf('sender', /^[!-~]{0,66}$/),
    approvers,
    threshold: countOf('threshold', fields['threshold'], { min: 1, max: approvers.length }),
    people: countOf('people', fields['people'], { min: 1, max: people }),
    policy: policyOf(fields['policy'] ?? {}),
  };
}

function approversOf(value: unknown): Approver[] {
  if (!Array.isArray(value) || value.length === 0) throw bad('approvers', value, 'a list of at least one');
  const approvers = value.map((each: unknown): Approver => {
    const { name, role, publicKey }: Record<string, unknown> =
      typeof each === 'object' && each !== null ? { ...each } : {};
    const isRole = role === 'program' || role === 'person';
    if (typeof name !== 'string' || !/^[\w.-]{1,32}$/.test(name) || !isRole)
      throw bad('approvers', each, "a name and the role 'program' or 'person'");
    if (typeof publicKey !== 'string' || !/^[0-9a-f]{64}$/.test(publicKey))
      throw bad(`the key of approver '${name}'`, publicKey, '64 hex digits');
    return { name, role, publicKey };
  });
  for (const field of ['name', 'publicKey'] as const)
    if (new Set(approvers.map((each) => each[field])).size !== approvers.length)
      throw bad(
        'approvers',
        approvers.map((each) => each[field]),
        `each ${field} once`,
      );
  return approvers;
}

function policyOf(value: unknown): MintPolicy {
  const given: Record<string, unknown> = typeof value === 'object' && value !== null ? { ...value } : {};
  for (const [name, limit] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_MINT_POLICY, name))
      throw bad(`policy '${name}'`, limit, `one of ${Object.keys(DEFAULT_MINT_POLICY).join(', ')}`);
    countOf(`policy ${name}`, limit, { min: 0, max: Number.MAX_SAFE_INTEGER });
  }
  return { ...DEFAULT_MINT_POLICY, ...given };
}

function countOf(name: string, value: unknown, { min, max }: { min: number; max: number }): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw bad(name, value, `a whole number from ${min} to ${max}`);
}

function bad(name: string, found: unknown, expected: string): SignerError {
  return new SignerError(
    'bad_argument',
    `${name} is ${String(JSON.stringify(found)).slice(0, 200)} (expected ${expected})`,
  );
}

/** @throws SignerError `mint_bad_act`. */
export function requireChain(chain: number): void {
  if (!(Number.isInteger(chain) && chain >= 0 && chain < MINT_CHAINS))
    throw new SignerError('mint_bad_act', `chain ${chain} does not exist (0 to ${MINT_CHAINS - 1} do)`);
}
