import { toHex } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import { isGuarded, isKindName, kindOf } from './kinds.ts';
import type { VerifiedOrder } from './order.ts';

/**
 * What the owner of a host lets a hub do on it, whoever signed: a file of lines on the node, which only this host can
 * change. The hub shows it before a click and never decides by it.
 *
 *     # deny wins over allow; without any allow line all kinds are allowed
 *     deny stoachain-reseed
 *     deny code                        (a class: read, disruptive or code)
 *     admin 3f…64 hex digits           (whose key may order guarded kinds here besides the owner's)
 *     disruptive-per-day 4             (without the owner's signature)
 */
export interface LocalPolicy {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** Hex of public keys. */
  readonly admins: readonly string[];
  readonly disruptivePerDay: number;
}

export const MAX_POLICY_BYTES = 2_048;
const DISRUPTIVE_PER_DAY = 4;
const CLASSES = ['read', 'disruptive', 'code'];

export const DEFAULT_POLICY: LocalPolicy = {
  allow: [],
  deny: [],
  admins: [],
  disruptivePerDay: DISRUPTIVE_PER_DAY,
};

/** @throws ProtocolError `bad_policy` with the line: a policy that can't be read allows nothing. */
export function parseLocalPolicy(text: string): LocalPolicy {
  if (new TextEncoder().encode(text).length > MAX_POLICY_BYTES)
    throw new ProtocolError('bad_policy', `the policy is longer than ${MAX_POLICY_BYTES} bytes`);
  const policy = { ...DEFAULT_POLICY, allow: [] as string[], deny: [] as string[], admins: [] as string[] };
  text.split('\n').forEach((line, index) => {
    const [verb, value, ...rest] = line.replace(/#.*/s, '').trim().split(/\s+/);
    if (verb === '' || verb === undefined) return;
    const fault =
      rest.length > 0 || value === undefined ? 'takes one word after it' : take(policy, verb, value);
    if (fault !== undefined)
      throw new ProtocolError('bad_policy', `line ${index + 1} of the policy: '${verb}' ${fault}`);
  });
  return policy;
}

type Draft = { -readonly [K in keyof LocalPolicy]: K extends 'disruptivePerDay' ? number : string[] };

function take(policy: Draft, verb: string, value: string): string | undefined {
  switch (verb) {
    case 'allow':
    case 'deny':
      if (value !== '*' && !CLASSES.includes(value) && !isKindName(value))
        return `names '${value}', which is no kind, no class and not *`;
      policy[verb].push(value);
      return undefined;
    case 'admin':
      if (!/^[0-9a-f]{64}$/.test(value)) return 'takes a public key of 64 hex digits';
      policy.admins.push(value);
      return undefined;
    case 'disruptive-per-day':
      if (!/^\d{1,3}$/.test(value)) return `is '${value}'; a number from 0 to 999 is expected`;
      policy.disruptivePerDay = Number(value);
      return undefined;
    default:
      return 'is no word of a policy: allow, deny, admin and disruptive-per-day are';
  }
}

export interface PolicyDecision {
  readonly allowed: boolean;
  /** The line that decided, for people. */
  readonly rule: string;
}

/** Fail-closed: a kind that this build doesn't know is denied. */
export function decideKind(policy: LocalPolicy, kind: string): PolicyDecision {
  if (!isKindName(kind)) return { allowed: false, rule: 'this kind is not known' };
  const names = [kind, kindOf(kind).class, '*'];
  const deny = names.find((name) => policy.deny.includes(name));
  if (deny !== undefined) return { allowed: false, rule: `deny ${deny}` };
  if (policy.allow.length === 0) return { allowed: true, rule: 'no line denies it' };
  const allow = names.find((name) => policy.allow.includes(name));
  return allow === undefined
    ? { allowed: false, rule: `none of the allow lines (${policy.allow.join(', ')}) names it` }
    : { allowed: true, rule: `allow ${allow}` };
}

/** Whether this signer may order that kind here. An admin is certified by the region, but code takes the owner's word. */
export function decideSigner(
  policy: LocalPolicy,
  kind: string,
  { order, by }: VerifiedOrder,
): PolicyDecision {
  if (!isKindName(kind)) return { allowed: false, rule: 'this kind is not known' };
  if (by === 'owner') return { allowed: true, rule: 'the owner signed' };
  if (!isGuarded(kindOf(kind))) return { allowed: true, rule: 'an admin of the region signed' };
  const key = toHex(order.signerKey);
  return policy.admins.includes(key)
    ? { allowed: true, rule: `admin ${key}` }
    : { allowed: false, rule: `no admin line names the key ${key}, which signed` };
}
