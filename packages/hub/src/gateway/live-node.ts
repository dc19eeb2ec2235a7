import type { Gauges, Heartbeat, Tip } from '@stoa/protocol';
import { CHAINS, HASH_BYTES, isSame, type TipHash, type TipHashes } from './tip-hashes.ts';

const TIP_BYTES = 8 + HASH_BYTES;

/** What the registry says of a node. */
export interface NodeFacts {
  readonly nodeId: string;
  readonly label: string;
  readonly owner: string;
  readonly simulated: boolean;
}

/** What the hub holds in memory of a node that has or had a session here: the only place where liveness is decided. */
export class LiveNode {
  readonly nodeId: string;
  label: string;
  owner: string;
  simulated: boolean;
  /** Of its last session here. */
  epoch = 0;
  lastSeen = 0;
  /** Last moment at which it was at the tip (`atTip` of the node states); 0 for never. */
  atTipAt = 0;
  /** Coarse network of its last connection: /24, or /48 in IPv6. */
  site = '';
  gauges: Gauges | undefined;
  chainweb: Heartbeat['chainweb'] = 'unknown';
  /** Agent clock minus hub clock, milliseconds, at the last heartbeat. */
  skewMs = 0;
  natIdleS = 0;
  /** By chain; undefined where never reported. */
  readonly #hashes: (TipHash | undefined)[] = new Array(CHAINS).fill(undefined);
  readonly #heights: number[] = new Array<number>(CHAINS).fill(0);

  constructor(facts: NodeFacts) {
    this.nodeId = facts.nodeId;
    this.label = facts.label;
    this.owner = facts.owner;
    this.simulated = facts.simulated;
  }

  /** A new session brings what the registry says now. */
  update({ label, owner, simulated }: NodeFacts): void {
    this.label = label;
    this.owner = owner;
    this.simulated = simulated;
  }

  /** Returns whether the tip differs from the one held. Chains that the network does not have are ignored. */
  setTip({ chain, height, hash }: Tip, hashes: TipHashes): boolean {
    if (chain >= CHAINS) return false;
    const held = this.#hashes[chain];
    if (held !== undefined && isSame(held, hash)) return false;
    this.#hashes[chain] = hashes.intern(chain, hash);
    this.#heights[chain] = height;
    return true;
  }

  /** Hash of a chain's tip, undefined where never reported. */
  tipHash(chain: number): string | undefined {
    return this.#hashes[chain]?.text;
  }

  /** The tips that were reported, with the heights that the node claims for them. */
  reportedTips(): { chain: number; hash: string; height: number }[] {
    const tips: { chain: number; hash: string; height: number }[] = [];
    for (let chain = 0; chain < CHAINS; chain += 1) {
      const hash = this.#hashes[chain];
      if (hash !== undefined) tips.push({ chain, hash: hash.text, height: this.#heights[chain]! });
    }
    return tips;
  }

  /** Of each chain: height u64 BE, hash 32 B; zero where never reported. The layout of `node_status.tips`. */
  packedTips(): Buffer {
    const packed = Buffer.alloc(CHAINS * TIP_BYTES);
    for (let chain = 0; chain < CHAINS; chain += 1) {
      const hash = this.#hashes[chain];
      if (hash === undefined) continue;
      packed.writeUInt32BE(this.#heights[chain]!, chain * TIP_BYTES + 4);
      packed.set(hash.bytes, chain * TIP_BYTES + 8);
    }
    return packed;
  }
}
