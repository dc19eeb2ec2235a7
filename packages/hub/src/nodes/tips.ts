import type { NetworkHead, NetworkHeads, TipStanding } from './network-heads.ts';

const TIP_BYTES = 40;

export interface ReportedTip {
  readonly chain: number;
  readonly height: number;
  /** base64url. */
  readonly hash: string;
}

/** The newest tips of a node, and who said them. */
export interface KnownTips {
  readonly tips: readonly ReportedTip[];
  /** Asked of its chainweb-node over SSH then, by the hub's clock; undefined: its agent reported them. */
  readonly polledAt: number | undefined;
}

export const NO_TIPS: KnownTips = { tips: [], polledAt: undefined };

/** The tips of `node_status.tips`: of each chain the height (u64 BE) and the hash (32 B), all zero where never reported. */
export function readTips(packed: Uint8Array): ReportedTip[] {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const tips: ReportedTip[] = [];
  for (let at = 0; at + TIP_BYTES <= bytes.length; at += TIP_BYTES) {
    const height = Number(bytes.readBigUInt64BE(at));
    if (height > 0)
      tips.push({ chain: at / TIP_BYTES, height, hash: bytes.toString('base64url', at + 8, at + TIP_BYTES) });
  }
  return tips;
}

/** One chain as a node has it and as the network has it. */
export interface ChainView {
  readonly chain: number;
  readonly reported: ReportedTip | undefined;
  readonly head: NetworkHead | undefined;
  readonly standing: TipStanding | undefined;
}

export function chainViews(network: NetworkHeads, tips: readonly ReportedTip[]): ChainView[] {
  const heads = network.heads();
  const standings = new Map(network.lag(tips).map((standing) => [standing.chain, standing]));
  const reported = new Map(tips.map((tip) => [tip.chain, tip]));
  const byChain = new Map(heads.map((head) => [head.chain, head]));
  const chains = [...new Set([...byChain.keys(), ...reported.keys()])].sort((a, b) => a - b);
  return chains.map((chain) => ({
    chain,
    reported: reported.get(chain),
    head: byChain.get(chain),
    standing: standings.get(chain),
  }));
}
