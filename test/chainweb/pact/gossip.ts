import type { SimulatedNode } from '../node.ts';

/** A peer's answer beyond that is dropped as a whole. */
const ANSWER_BYTES = 2 ** 21;

/** One round: each node asks each other for what is pending there and unknown here, all at once, chain by chain. */
export function exchangePending(nodes: readonly SimulatedNode[]): void {
  const talking = nodes.filter((node) => !node.frozen);
  for (const asking of talking)
    for (const asked of talking) {
      if (asking === asked || asked.pact.idle || asking.settings.networkId !== asked.settings.networkId)
        continue;
      for (const chain of asking.chainweb.network.graph.keys()) pull(asking, asked, chain);
    }
}

function pull(asking: SimulatedNode, asked: SimulatedNode, chain: number): void {
  if (asked.pact.mempool(chain).size === 0) return;
  const own = asking.pact.mempool(chain);
  const missing = asked.pact.pending(chain).filter(({ key }) => !own.has(key));
  const bytes = missing.reduce((sum, { signed }) => sum + contentsBytes(signed), 0);
  if (bytes > ANSWER_BYTES) return;
  for (const command of missing) asking.pact.offer(chain, command);
}

const weighed = new WeakMap<object, number>();

/** Of a lookup's answer: the command as JSON, within JSON. */
function contentsBytes(signed: object): number {
  const known = weighed.get(signed);
  if (known !== undefined) return known;
  const bytes = Buffer.byteLength(JSON.stringify(JSON.stringify(signed))) + 32;
  weighed.set(signed, bytes);
  return bytes;
}
