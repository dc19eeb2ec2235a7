/** The committed vectors of work: documents, parameters, orders, policies. */
import {
  type CarriedOrder,
  decideKind,
  formatParams,
  isKindName,
  KIND_NAMES,
  type KindName,
  kindOf,
  type OrderedJob,
  type ParamValues,
  parseLocalPolicy,
  parseParams,
  utf8,
  verifyOrder,
} from '@stoa/protocol';
import { describe, expect, it } from 'vitest';
import { fromHexText as hex, toJson } from './kit/vector-json.ts';
import { both, checkDocument, type Document, load } from './kit/vectors.ts';

describe.each(both)('work ($name)', ({ crypto }) => {
  type Hex = string;
  interface Asked {
    readonly why: string;
    readonly code: string | null;
    readonly carried: {
      readonly sealed: Hex;
      readonly admin: { readonly key: Hex; readonly authority: Hex } | null;
      readonly proof: { readonly side: 'left' | 'right'; readonly hash: Hex }[];
    };
    readonly job: {
      readonly nodeId: Hex;
      readonly kind: string;
      readonly params: string;
      readonly attempt: number;
    };
    readonly policy: {
      readonly root: Hex;
      readonly region: string;
      readonly timeFloor: number;
      readonly ownerKey: Hex | null;
    };
  }
  const vectors = load<{
    documents: Document[];
    kinds: { name: string; class: string }[];
    params: { kind: KindName; values: ParamValues; text: string; hash: Hex; refused: string[] }[];
    orders: Asked[];
    policies: { text: string; allowed: string[] | null }[];
  }>('work');

  it.each(vectors.documents)('$title', (document) => checkDocument(document, crypto));

  it('has its kinds, in their classes', () => {
    expect(vectors.kinds).toEqual(KIND_NAMES.map((name) => ({ name, class: kindOf(name).class })));
    expect(vectors.kinds.every(({ name }) => isKindName(name))).toBe(true);
  });

  it.each(vectors.params)('parameters of $kind', ({ kind, values, text, hash, refused }) => {
    const { parameters } = kindOf(kind);
    expect(formatParams(parameters, values)).toBe(text);
    expect(parseParams(parameters, text)).toMatchObject(values);
    expect(toJson(crypto.hash(utf8(text)))).toBe(hash);
    for (const other of refused)
      expect(() => parseParams(parameters, other)).toThrow(expect.objectContaining({ code: 'bad_params' }));
  });

  it.each(vectors.orders)('an order: $why ($code)', ({ code, carried, job, policy }) => {
    const admin = carried.admin ?? undefined;
    const order: CarriedOrder = {
      sealed: hex(carried.sealed),
      admin: admin && { key: hex(admin.key), authority: hex(admin.authority) },
      proof: carried.proof.map(({ side, hash }) => ({ side, hash: hex(hash) })),
    };
    const ordered: OrderedJob = { ...job, nodeId: hex(job.nodeId) };
    const held = {
      ...policy,
      root: hex(policy.root),
      ownerKey: policy.ownerKey === null ? undefined : hex(policy.ownerKey),
    };
    const verify = () => verifyOrder(order, ordered, { policy: held, crypto });
    if (code === null) expect(verify().by).toBe(admin === undefined ? 'owner' : 'admin');
    else expect(verify).toThrow(expect.objectContaining({ code }));
  });

  it.each(vectors.policies)('a policy: $text', ({ text, allowed }) => {
    const decide = () => KIND_NAMES.filter((name) => decideKind(parseLocalPolicy(text), name).allowed);
    if (allowed === null) expect(decide).toThrow(expect.objectContaining({ code: 'bad_policy' }));
    else expect(decide()).toEqual(allowed);
  });
});
