import {
  encode,
  peek,
  peekInstanceCert,
  receiptRootKind,
  signedReceiptRoot,
  toBase64Url,
  toHex,
} from '@stoa/protocol';

/** A root as everybody may see it. Bytes are hex where people compare them, base64url where programs read them. */
export interface PublishedRoot {
  readonly hubHour: number;
  /** 0 closed the hour. */
  readonly pass: number;
  /** Receipts under it. */
  readonly count: number;
  readonly root: string;
  /** Place in the region's chain of roots, from 1. */
  readonly number: number;
  /** Hash of the signed root before it. */
  readonly previous: string;
  /** Name of who signed it, and the key. */
  readonly instance: string;
  readonly instanceKey: string;
  /** `signedReceiptRoot`, encoded: with the certificates down from the offline root. */
  readonly signed: string;
}

/** As the region keeps it. */
export interface SealedRoot {
  /** `receiptRootKind`, sealed. */
  readonly sealed: Uint8Array;
  /** Certificates of the region and of the instance that signed. */
  readonly region: Uint8Array;
  readonly instance: Uint8Array;
}

/** What a root says. Whoever reads it verifies it: the hub's word for it would be no more than that. */
export function publishedRoot({ sealed, region, instance }: SealedRoot): PublishedRoot {
  const said = peek(receiptRootKind, sealed);
  const signer = peekInstanceCert(instance);
  return {
    ...{ hubHour: said.hubHour, pass: said.pass, count: said.count, number: said.number },
    root: toHex(said.root),
    previous: toHex(said.previous),
    instance: signer.instance,
    instanceKey: toHex(signer.publicKey),
    signed: toBase64Url(encode(signedReceiptRoot, { root: sealed, region, instance })),
  };
}
