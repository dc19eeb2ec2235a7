import {
  type Checkpoint,
  checkpointKind,
  encode,
  GATES,
  hubGapKind,
  merkleTree,
  type ProvenReceipt,
  peek,
  type ReceiptRoot,
  receiptRootKind,
  type SettledReceipt,
  type SignedGap,
  type SigningKey,
  seal,
  settledReceipt,
  signedHubGap,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { settledPoints } from '@stoa/protocol/stoicism';
import { OWN_BREAKDOWN, OWN_SCORE } from '#earnings/own-benchmark.fixture.ts';
import type { RegionFixture } from '#identity/region.fixture.ts';

const OTHERS = 6;
const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

/** Of the node's one benchmark. */
export const OWN_EVIDENCE: SettledReceipt['evidence'] = [
  { kind: 'score', hash: nodeCrypto.hash(OWN_BREAKDOWN) },
];

/** What an honest hub settles of a checkpoint of a node's first day: every minute of both sides, at score 1, in warm-up. */
export function honest(sealed: Uint8Array, over: Partial<SettledReceipt> = {}): SettledReceipt {
  const { nodeId, hubHour, minutes }: Checkpoint = peek(checkpointKind, sealed);
  const words = { acknowledged: minutes, minutes, gap: 0n, unsupported: 0n, unjudged: 0n };
  const receipt: SettledReceipt = {
    ...{
      nodeId,
      hubHour,
      revision: 0,
      mode: 'live',
      resetSequence: 0,
      checkpoint: nodeCrypto.hash(sealed),
      ...words,
    },
    ...{
      gateFailures: failing({ 'warm-up': minutes }),
      scoreVersion: 1,
      microScore: OWN_SCORE,
      account: 'acc-1',
      points: 0n,
      pendingPoints: 0n,
    },
    ...{ fee: undefined, ...over },
    evidence: over.evidence ?? OWN_EVIDENCE,
  };
  const { points, pendingPoints } = settledPoints(receipt);
  return { ...receipt, points: over.points ?? points, pendingPoints };
}

/** A word a gate, in their order. */
export function failing(failures: Partial<Record<(typeof GATES)[number], bigint>>): bigint[] {
  return GATES.map((gate) => failures[gate] ?? 0n);
}

/** Settles hours of a node among those of others, and signs the root of each pass. */
export class SettlingHub {
  readonly #region: RegionFixture;
  #number = 0;
  #previous: Uint8Array = new Uint8Array(32);

  constructor(region: RegionFixture) {
    this.#region = region;
  }

  /** Its signed record of a gap of its own, minutes since 1970. */
  gapRecord(from: number, until: number): Uint8Array {
    const gap = { from, until, grantFrom: from, grantUntil: until, counted: until - from };
    const said: SignedGap = { instance: 'hub-1', cause: 'no-tick', ...gap };
    const { region, instance } = this.#region.chain({ notAfter: from * 60_000 + WEEK_MS });
    return encode(signedHubGap, { sealed: seal(hubGapKind, said, this.#region.hubKey), region, instance });
  }

  settle(
    receipt: SettledReceipt,
    {
      pass = 0,
      key = this.#region.hubKey,
      documents,
    }: { pass?: number; key?: SigningKey; documents?: Uint8Array[] } = {},
  ): ProvenReceipt {
    const body = encode(settledReceipt, receipt);
    const others = Array.from({ length: OTHERS }, (_, i) =>
      encode(settledReceipt, { ...receipt, nodeId: new Uint8Array(32).fill(i) }),
    );
    const tree = merkleTree([body, ...others], nodeCrypto.hash);
    this.#number += 1;
    const root: ReceiptRoot = {
      ...{ region: this.#region.name, hubHour: receipt.hubHour, pass, count: OTHERS + 1, root: tree.root },
      ...{ number: this.#number, previous: this.#previous },
      ...{ mode: receipt.mode, resetSequence: receipt.resetSequence },
    };
    const sealed = seal(receiptRootKind, root, key);
    this.#previous = nodeCrypto.hash(sealed);
    const { region, instance } = this.#region.chain({ notAfter: receipt.hubHour * HOUR_MS + WEEK_MS });
    return { body, path: tree.proof(0), root: sealed, region, instance, documents };
  }
}
