/** How the tests of the committed vectors read them: as somebody else's implementation would, by both of ours. */
import { createHmac, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  adminKeyKind,
  type CryptoSuite,
  checkpointKind,
  concat,
  describeShape,
  instanceCertKind,
  jobKind,
  jobReceiptKind,
  jobResultKind,
  nodeCertKind,
  open,
  orderKind,
  ownerKeyChangeKind,
  receiptKind,
  receiptRootKind,
  refuseKind,
  regionCertKind,
  regionTimeKind,
  revokeKind,
  rotationKind,
  type SignedKind,
  utf8,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { portableCrypto } from '@stoa/protocol/portable';
import { expect } from 'vitest';
import { fromHexText as hex, toJson } from './vector-json.ts';

/** The portable implementation, with HMAC and HKDF straight from the platform instead of our own composition. */
const other: CryptoSuite = {
  ...portableCrypto,
  hkdf: (secret, salt, info, length) => new Uint8Array(hkdfSync('sha256', secret, salt, info, length)),
  mac:
    (key) =>
    (message, length = message.length) =>
      new Uint8Array(createHmac('sha256', key).update(message.subarray(0, length)).digest().subarray(0, 16)),
};
export const both = [
  { name: 'node:crypto', crypto: nodeCrypto },
  { name: 'tweetnacl', crypto: other },
];

export function load<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')) as T;
}

/** Body and signature of a sealed document, by hand. */
export function unseal(sealed: Uint8Array): { body: Uint8Array; signature: Uint8Array } {
  const length = sealed[0]! * 256 + sealed[1]!;
  expect(sealed.length).toBe(2 + length + 64);
  return { body: sealed.subarray(2, 2 + length), signature: sealed.subarray(2 + length) };
}

export interface Document {
  readonly title: string;
  readonly context: string;
  readonly layout: string;
  readonly issuer: string;
  readonly value: unknown;
  readonly sealed: string;
  readonly hash: string;
}

/** Of sealed documents, everywhere in the vectors. */
const KINDS = [
  regionCertKind,
  instanceCertKind,
  nodeCertKind,
  regionTimeKind,
  refuseKind,
  revokeKind,
  rotationKind,
  ownerKeyChangeKind,
  checkpointKind,
  receiptKind,
  receiptRootKind,
  jobKind,
  orderKind,
  adminKeyKind,
  jobResultKind,
  jobReceiptKind,
] as readonly SignedKind<unknown>[];

export function checkDocument(document: Document, crypto: CryptoSuite): void {
  const kind = KINDS.find(({ title }) => title === document.title)!;
  expect([kind.context, describeShape(kind.body.shape)]).toEqual([document.context, document.layout]);
  expect(toJson(open(kind, hex(document.sealed), crypto, hex(document.issuer)))).toEqual(document.value);
  expect(toJson(crypto.hash(hex(document.sealed)))).toBe(document.hash);
  const { body, signature } = unseal(hex(document.sealed));
  const said = concat(utf8(`${document.context}\0`), body);
  expect(crypto.verify(hex(document.issuer), said, signature)).toBe(true);
  const foreign = KINDS[(KINDS.indexOf(kind) + 1) % KINDS.length]!;
  expect(() => open(foreign, hex(document.sealed), crypto, hex(document.issuer))).toThrow(
    expect.objectContaining({ code: 'bad_signature' }),
  );
}
