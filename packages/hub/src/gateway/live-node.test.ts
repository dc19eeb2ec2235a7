import { describe, expect, it } from 'vitest';
import { LiveNode } from './live-node.ts';
import { LiveNodes } from './live-nodes.ts';
import { TipHashes } from './tip-hashes.ts';

const facts = { nodeId: 'ab', label: 'n', owner: 'o', simulated: false };

describe('LiveNode', () => {
  it('takes a tip once, and says when it is new', () => {
    const node = new LiveNode(facts);
    const hashes = new TipHashes();
    const hash = new Uint8Array(32).fill(5);
    expect(node.tipHash(3)).toBeUndefined();
    expect(node.setTip({ chain: 3, height: 9, hash }, hashes)).toBe(true);
    expect(node.setTip({ chain: 3, height: 9, hash: hash.slice() }, hashes)).toBe(false);
    expect(node.tipHash(3)).toBe(Buffer.from(hash).toString('base64url'));
    expect(node.setTip({ chain: 10, height: 9, hash }, hashes)).toBe(false);
    const packed = node.packedTips();
    expect(packed.readBigUInt64BE(120)).toBe(9n);
    expect(packed.subarray(128, 160)).toEqual(Buffer.from(hash));
    expect(packed.length).toBe(400);
  });

  it('counts for who owns it now, without a new session', () => {
    const nodes = new LiveNodes();
    const node = nodes.of(facts);
    nodes.own('ab', 'p');
    nodes.own('cd', 'p');
    expect([node.owner, [...nodes.all()].length]).toEqual(['p', 1]);
  });

  it('keeps what it was told, though the message that brought it is overwritten', () => {
    const node = new LiveNode(facts);
    const hashes = new TipHashes();
    const hash = new Uint8Array(32).fill(7);
    node.setTip({ chain: 0, height: 1, hash }, hashes);
    hash.fill(0);
    expect(node.packedTips()[8]).toBe(7);
  });
});

describe('TipHashes', () => {
  it('holds one hash once, and a bounded number of them', () => {
    const hashes = new TipHashes();
    const hash = (byte: number) => new Uint8Array(32).fill(byte);
    const first = hashes.intern(2, hash(1));
    expect(hashes.intern(2, hash(1))).toBe(first);
    for (let byte = 2; byte < 40; byte += 1) hashes.intern(2, hash(byte));
    const again = hashes.intern(2, hash(1));
    expect(again).not.toBe(first);
    expect(again).toEqual(first);
  });
});
