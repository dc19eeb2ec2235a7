import {
  CONTEXT,
  type Codec,
  fixed,
  type HubChain,
  instanceCertKind,
  LIMITS,
  oneOf,
  open,
  optional,
  peek,
  record,
  type SignedKind,
  type SigningKey,
  seal,
  text,
  toHex,
  u64,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Authority, Decision, Office } from '#authority/decision.ts';
import { SignerError } from '#error.ts';
import { requireQuota } from '#policy.ts';

const MAX_INSTANCES = 256;

export interface InstanceRequest {
  instance: string;
  publicKey: Uint8Array;
}

const instanceRequestBody: Codec<InstanceRequest> = record({ instance: text(64), publicKey: fixed(32) });

/** A hub instance's request for a certificate, signed by the very key that it names. */
export const instanceRequestKind: SignedKind<InstanceRequest> = {
  context: CONTEXT.instanceRequest,
  body: instanceRequestBody,
  title: 'instance request',
};

/** What an admin orders. Signed by the region's `instances` key, so it takes the unlocking of that key, and who carries it does not matter. */
export interface InstanceOrder {
  order: 'register' | 'retire';
  instance: string;
  /** With `register`. */
  publicKey: Uint8Array | undefined;
  /** Not before the last order for this instance: an old order does nothing. */
  at: number;
}

const instanceOrderBody: Codec<InstanceOrder> = record({
  order: oneOf('register', 'retire'),
  instance: text(64),
  publicKey: optional(fixed(32)),
  at: u64,
});

export const instanceOrderKind: SignedKind<InstanceOrder> = {
  context: CONTEXT.signerAct,
  body: instanceOrderBody,
  title: "admin's order",
};

export function makeInstanceRequest(instance: string, key: SigningKey): Uint8Array {
  return seal(instanceRequestKind, { instance, publicKey: key.publicKey }, key);
}

/** @throws SignerError `bad_proof`, `instance_not_registered`, `quota_exceeded`. */
export function certifyInstance(request: Uint8Array, authority: Authority): Decision<HubChain> {
  const { state, policy, now, keys, certificates, region } = authority;
  const { instance, publicKey } = openRequest(request);
  const registration = state.instances.get(instance);
  if (registration === undefined || registration.publicKey !== toHex(publicKey))
    throw new SignerError(
      'instance_not_registered',
      `instance '${instance}' is ${registration === undefined ? 'not registered' : 'registered with another key'}: an admin runs 'signer instance register --instance ${instance} --public-key ${toHex(publicKey)}'`,
    );
  requireQuota(
    {
      what: `certificates for instance '${instance}'`,
      limit: policy.instanceCertsPerDay,
      window: registration.certified,
    },
    now,
  );
  // Not less than the time: a signer that lost its journal still goes on above every serial it ever gave.
  const serial = Math.max(now, state.instanceSerial + 1, state.minInstanceSerial);
  const notAfter = now + LIMITS.instanceCertMs;
  const cert = seal(instanceCertKind, { serial, region, instance, publicKey, notAfter }, keys.instances);
  return {
    act: { kind: 'instance-certified', instance, publicKey: toHex(publicKey), serial, notAfter },
    answer: { root: certificates.root, region: certificates.sealed.instances, instance: cert },
  };
}

function openRequest(request: Uint8Array): InstanceRequest {
  try {
    return open(instanceRequestKind, request, nodeCrypto, peek(instanceRequestKind, request).publicKey);
  } catch (cause) {
    throw new SignerError('bad_proof', 'the instance request is not signed by the key that it names', {
      cause,
    });
  }
}

/** @throws SignerError `bad_proof`, `bad_request` (an old order), `instance_taken`, `instance_not_registered`. */
export function obeyOrder(sealed: Uint8Array, authority: Office): Decision<object> {
  const order = openOrder(sealed, authority.keys.instances.publicKey);
  const { state } = authority;
  const registration = state.instances.get(order.instance);
  if (order.order === 'register' && registration?.publicKey === publicKeyOf(order)) return { answer: {} };
  if (order.at < (state.orders.get(order.instance) ?? 0))
    throw new SignerError(
      'bad_request',
      `the order for instance '${order.instance}' is older than the last one obeyed: give it again`,
    );
  if (order.order === 'register') return register(order, authority);
  if (registration === undefined)
    throw new SignerError(
      'instance_not_registered',
      `instance '${order.instance}' is not registered: nothing to retire`,
    );
  return retire(order, authority);
}

function register(order: InstanceOrder, { state }: Office): Decision<object> {
  const { instance, at: orderedAt } = order;
  if (instance === '') throw new SignerError('bad_request', 'an instance needs a name');
  if (state.instances.has(instance))
    throw new SignerError(
      'instance_taken',
      `instance '${instance}' is registered with another key: retire it first, which voids its certificates`,
    );
  if (state.instances.size >= MAX_INSTANCES)
    throw new SignerError(
      'bad_request',
      `${MAX_INSTANCES} instances are registered: retire those that are gone`,
    );
  return {
    act: { kind: 'instance-registered', instance, publicKey: publicKeyOf(order), orderedAt },
    answer: {},
  };
}

/** Every certificate so far is void then, since they carry no list; the other instances renew at the next region time. */
function retire({ instance, at: orderedAt }: InstanceOrder, { state, now }: Office): Decision<object> {
  const minInstanceSerial = Math.max(now, state.instanceSerial + 1, state.minInstanceSerial);
  return { act: { kind: 'instance-retired', instance, minInstanceSerial, orderedAt }, answer: {} };
}

function publicKeyOf({ publicKey, instance }: InstanceOrder): string {
  if (publicKey !== undefined) return toHex(publicKey);
  throw new SignerError('bad_request', `the order to register instance '${instance}' brings no public key`);
}

function openOrder(sealed: Uint8Array, publicKey: Uint8Array): InstanceOrder {
  try {
    return open(instanceOrderKind, sealed, nodeCrypto, publicKey);
  } catch (cause) {
    throw new SignerError('bad_proof', "the order is not signed by this region's instances key", { cause });
  }
}
