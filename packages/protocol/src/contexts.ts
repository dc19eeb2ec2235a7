import { concat, utf8 } from './bytes.ts';
import type { SigningKey, Verify } from './crypto/suite.ts';

/** Each use of a signature has a context of its own, so that no signature made for one use is valid for another. */
export const CONTEXT = {
  regionCert: 'stoa/v1/region-cert',
  instanceCert: 'stoa/v1/instance-cert',
  nodeCert: 'stoa/v1/node-cert',
  time: 'stoa/v1/time',
  challenge: 'stoa/v1/challenge',
  hello: 'stoa/v1/hello',
  enrol: 'stoa/v1/enrol',
  rotate: 'stoa/v1/rotate',
  refuse: 'stoa/v1/refuse',
  revoke: 'stoa/v1/revoke',
  checkpoint: 'stoa/v1/checkpoint',
  receipt: 'stoa/v1/receipt',
  instanceRequest: 'stoa/v1/instance-request',
  signerAct: 'stoa/v1/signer-act',
  ownerKey: 'stoa/v1/owner-key',
  artefacts: 'stoa/v1/artefacts',
  artefactOrder: 'stoa/v1/artefact-order',
  auditExport: 'stoa/v1/audit-export',
  statement: 'stoa/v1/earnings-statement',
  job: 'stoa/v1/job',
  order: 'stoa/v1/order',
  adminKey: 'stoa/v1/admin-key',
  jobResult: 'stoa/v1/job-result',
  jobReceipt: 'stoa/v1/job-receipt',
  adminKeyOrder: 'stoa/v1/admin-key-order',
  uploadAsk: 'stoa/v1/upload-ask',
  minuteRoot: 'stoa/v1/minute-root',
  hubGap: 'stoa/v1/hub-gap',
  dialBack: 'stoa/v1/dial-back',
  audit: 'stoa/v1/audit',
  workClaim: 'stoa/v1/work-claim',
  receiptRoot: 'stoa/v1/receipt-root',
  mintPlan: 'stoa/v1/mint-plan',
  mintEnrolments: 'stoa/v1/mint-enrolments',
  mintRestart: 'stoa/v1/mint-restart',
} as const;

export type Context = (typeof CONTEXT)[keyof typeof CONTEXT];

const prefixes = new Map<Context, Uint8Array>();

function inContext(context: Context, message: Uint8Array): Uint8Array {
  let prefix = prefixes.get(context);
  if (prefix === undefined) {
    prefix = concat(utf8(context), Uint8Array.of(0));
    prefixes.set(context, prefix);
  }
  return concat(prefix, message);
}

export function signIn(context: Context, key: SigningKey, message: Uint8Array): Uint8Array {
  return key.sign(inContext(context, message));
}

export function verifyIn(
  context: Context,
  verify: Verify,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verify(inContext(context, message), signature);
}
