import type { Gauges, Heartbeat, Tip } from '@stoa/protocol';

export const CHAINS = 10;
const TIP_BYTES = 40;

/** What the hub holds in memory of a node that has or had a session here: the only place where liveness is decided. */
export class LiveNode {
  readonly nodeId: string;
  readonly label: string;
  readonly owner: string;
  readonly simulated: boolean;
  epoch = 0;
  lastSeen = 0;
  /** Last moment at which it was at the tip (`atTip` of the node states); 0 for never. */
  atTipAt = 0;
  /** Coarse network of its last connection: /24, or /48 in IPv6. */
  site = '';
  /** Of each chain: height u64 BE, hash 32 B; zero where never reported. The layout of `node_status.tips`. */
  readonly tips: Buffer = Buffer.alloc(CHAINS * TIP_BYTES);
  gauges: Gauges | undefined;
  chainweb: Heartbeat['chainweb'] = 'unknown';
  /** Agent clock minus hub clock, milliseconds, at the last heartbeat. */
  skewMs = 0;
  natIdleS = 0;
  /** Minutes of the current and the previous hub hour in which a frame was acknowledged. */
  readonly minutes: MinuteWords = new MinuteWords();
  dirty = false;

  constructor(node: { nodeId: string; label: string; owner: string; simulated: boolean }) {
    this.nodeId = node.nodeId;
    this.label = node.label;
    this.owner = node.owner;
    this.simulated = node.simulated;
  }

  /** Returns whether the tip differs from the one held. */
  setTip(tip: Tip): boolean {
    if (tip.chain >= CHAINS) return false;
    const at = tip.chain * TIP_BYTES;
    const held = this.tips.subarray(at + 8, at + TIP_BYTES);
    if (held.equals(tip.hash)) return false;
    this.tips.writeUInt32BE(tip.height, at + 4);
    held.set(tip.hash);
    return true;
  }

  /** Hash of a chain's tip as base64url text, undefined where never reported. */
  tipHash(chain: number): string | undefined {
    const at = chain * TIP_BYTES;
    return this.tips.readUInt32BE(at + 4) === 0
      ? undefined
      : this.tips.toString('base64url', at + 8, at + TIP_BYTES);
  }

  /** The tips that were reported, with the heights that the node claims for them. */
  reportedTips(): { chain: number; hash: string; height: number }[] {
    const tips: { chain: number; hash: string; height: number }[] = [];
    for (let chain = 0; chain < CHAINS; chain += 1) {
      const hash = this.tipHash(chain);
      if (hash !== undefined)
        tips.push({ chain, hash, height: this.tips.readUInt32BE(chain * TIP_BYTES + 4) });
    }
    return tips;
  }
}

/** One bit a minute, as two words of 30 bits an hour: 60 bits break number arithmetic. */
export class MinuteWords {
  #hour = 0;
  #words: [number, number] = [0, 0];
  #previous: [number, number] = [0, 0];

  mark(now: number): void {
    const minute = Math.floor(now / 60_000);
    const hour = Math.floor(minute / 60);
    if (hour !== this.#hour) {
      this.#previous = hour === this.#hour + 1 ? this.#words : [0, 0];
      this.#words = [0, 0];
      this.#hour = hour;
    }
    const bit = minute % 60;
    if (bit < 30) this.#words[0] |= 1 << bit;
    else this.#words[1] |= 1 << (bit - 30);
  }

  /** The hour's minutes as one word, 0 where the hour is neither the current nor the previous one. */
  of(hour: number): bigint {
    const words = hour === this.#hour ? this.#words : hour === this.#hour - 1 ? this.#previous : undefined;
    return words === undefined ? 0n : (BigInt(words[1]) << 30n) | BigInt(words[0]);
  }
}
