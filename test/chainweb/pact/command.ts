import { blake2b } from '@noble/hashes/blake2.js';
import { fromHex, toBase64Url, utf8 } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { PactParseError, readPact, type Term } from './reader.ts';
import { Decimal, type PactValue, valueOfJson } from './value.ts';

/** What a client posts. */
export interface SignedCommand {
  /** JSON text; its hash is the request key. */
  readonly cmd: string;
  readonly hash: string;
  readonly sigs: readonly { readonly sig: string }[];
}

export interface Capability {
  /** `coin.GAS`. */
  readonly name: string;
  readonly args: readonly PactValue[];
}

export interface Signer {
  readonly key: string;
  /** Empty: the signature holds for everything. */
  readonly capabilities: readonly Capability[];
}

export interface Exec {
  readonly code: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Cont {
  readonly pactId: string;
  readonly step: number;
  readonly rollback: boolean;
  readonly proof: string | undefined;
}

/** A command as a node reads it. */
export interface Command {
  readonly key: string;
  readonly signed: SignedCommand;
  /** Of the text, which is what gas and peers count. */
  readonly bytes: number;
  readonly networkId: string;
  readonly chainId: string;
  readonly sender: string;
  readonly gasLimit: number;
  readonly gasPrice: Decimal;
  /** More than twelve places: the price is refused. */
  readonly priceText: string | undefined;
  /** Seconds since 1970. */
  readonly creationTime: number;
  readonly ttl: number;
  readonly signers: readonly Signer[];
  readonly payload: Exec | Cont;
}

/** @throws SyntaxError for what is no command at all */
export function readCommand(signed: SignedCommand): Command {
  const { networkId, payload, meta, signers } = fields(JSON.parse(signed.cmd));
  const { chainId, sender, gasLimit, gasPrice, creationTime, ttl } = fields(meta);
  const { exec, cont } = fields(payload);
  const price = String(typeof gasPrice === 'object' ? fields(gasPrice)['decimal'] : gasPrice);
  const exact = Decimal.parse(price);
  return {
    key: signed.hash,
    signed,
    bytes: Buffer.byteLength(signed.cmd),
    networkId: String(networkId ?? ''),
    chainId: String(chainId),
    sender: String(sender ?? ''),
    gasLimit: Number(gasLimit),
    gasPrice: exact ?? Decimal.zero,
    priceText: exact === undefined ? price : undefined,
    creationTime: Number(creationTime),
    ttl: Number(ttl),
    signers: (Array.isArray(signers) ? signers : []).map(signerOf),
    payload: exec === undefined ? contOf(fields(cont)) : execOf(fields(exec)),
  };
}

export function requestKeyOf(cmd: string): string {
  return toBase64Url(blake2b(utf8(cmd), { dkLen: 32 }));
}

/** @returns why the signatures don't hold, in the node's words */
export function signatureFault({ signed, signers }: Command): string | undefined {
  if (signed.sigs.length !== signers.length)
    return `Invalid transaction sigs: The number of signers and signatures do not match. Number of signers: ${signers.length}. Number of signatures: ${signed.sigs.length}.`;
  const hash = Buffer.from(signed.hash, 'base64url');
  const bad = signers.findIndex(({ key }, i) => !holds(key, signed.sigs[i]?.sig ?? '', hash));
  return bad < 0
    ? undefined
    : `Invalid transaction sigs: The signature at position ${bad} is invalid: invalid ed25519 signature.`;
}

/** @returns what the code reads as, or why it does not */
export function codeOf({ payload }: Command): readonly Term[] | PactParseError {
  if (!('code' in payload)) return [];
  try {
    return readPact(payload.code);
  } catch (error) {
    if (error instanceof PactParseError) return error;
    throw error;
  }
}

function holds(key: string, sig: string, hash: Uint8Array): boolean {
  if (!/^[0-9a-f]{64}$/.test(key) || !/^[0-9a-f]{128}$/.test(sig)) return false;
  return nodeCrypto.verifier(fromHex(key))(hash, fromHex(sig));
}

function signerOf(json: unknown): Signer {
  const { pubKey, clist } = fields(json);
  const capabilities = (Array.isArray(clist) ? clist : []).map((each): Capability => {
    const { name, args } = fields(each);
    return {
      name: String(name),
      args: (Array.isArray(args) ? args : []).map((arg) => valueOfJson(arg) ?? ''),
    };
  });
  return { key: String(pubKey), capabilities };
}

function execOf({ code, data }: Readonly<Record<string, unknown>>): Exec {
  if (typeof code !== 'string') throw new SyntaxError('a command has code');
  return { code, data: data === undefined || data === null ? {} : fields(data) };
}

function contOf({ pactId, step, rollback, proof }: Readonly<Record<string, unknown>>): Cont {
  return {
    pactId: String(pactId),
    step: Number(step),
    rollback: rollback === true,
    proof: typeof proof === 'string' ? proof : undefined,
  };
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  throw new SyntaxError('expected an object');
}
