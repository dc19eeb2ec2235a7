import type { Block } from './block.ts';
import type { NodeView } from './node-view.ts';

export interface Bounds {
  readonly limit: number;
  /** `inclusive:HASH` or `exclusive:HASH`, from the page before. */
  readonly next: string | null;
  readonly minHeight: number;
  readonly maxHeight: number;
}

export interface Page {
  readonly items: readonly Block[];
  readonly next: string | null;
}

/** Every known block of a chain from below, orphans included. The cursor is never null: the chain lives on. */
export function ascendingPage(node: NodeView, chain: number, bounds: Bounds): Page {
  const all: Block[] = [];
  const end = Math.min(node.chainweb.blocks.end(chain) - 1, bounds.maxHeight);
  const cursor = cursorOf(bounds.next);
  let reached = cursor === undefined;
  const from = Math.max(bounds.minHeight, node.find(cursor?.hash ?? '')?.header.height ?? 0);
  for (let height = from; height <= end && all.length <= bounds.limit; height += 1) {
    for (const block of node.chainweb.blocks.at(chain, height).filter((each) => node.knows(each))) {
      const here = block.header.hash === cursor?.hash;
      if (reached || (here && cursor?.inclusive === true)) {
        all.push(block);
      }
      reached ||= here;
    }
  }
  const [items, following] = [all.slice(0, bounds.limit), all[bounds.limit]];
  const last = items.at(-1)?.header.hash ?? cursor?.hash;
  const onward = last === undefined ? null : `exclusive:${last}`;
  return { items, next: following === undefined ? onward : `inclusive:${following.header.hash}` };
}

/** The ancestors of the upper blocks that are no ancestors of the lower ones, from above. */
export function branchPage(
  node: NodeView,
  upper: readonly Block[],
  lower: readonly Block[],
  bounds: Bounds,
): Page {
  const cursor = cursorOf(bounds.next);
  let reached = cursor === undefined;
  const items: Block[] = [];
  for (const block of descend(node, upper, lower)) {
    const { hash, height } = block.header;
    if (height < bounds.minHeight) {
      break;
    }
    reached ||= hash === cursor?.hash && cursor.inclusive;
    if (reached && height <= bounds.maxHeight) {
      if (items.length === bounds.limit) {
        return { items, next: `inclusive:${hash}` };
      }
      items.push(block);
    }
    reached ||= hash === cursor?.hash;
  }
  return { items, next: null };
}

/** Walks both sets down by height at once, so that a long common past costs nothing. */
function* descend(node: NodeView, upper: readonly Block[], lower: readonly Block[]): Generator<Block, void> {
  const frontier = new Set(upper);
  let excluded = new Set(lower);
  while (frontier.size > 0) {
    const block = [...frontier].reduce((a, b) => (b.header.height > a.header.height ? b : a));
    frontier.delete(block);
    excluded = new Set([...excluded].map((each) => sinkTo(node, each, block.header.height)));
    if (excluded.has(block)) {
      continue;
    }
    yield block;
    const parent = node.find(block.header.parent);
    if (parent !== undefined) {
      frontier.add(parent);
    }
  }
}

function sinkTo(node: NodeView, block: Block, height: number): Block {
  let at = block;
  while (at.header.height > height) {
    const parent = node.find(at.header.parent);
    if (parent === undefined) {
      break;
    }
    at = parent;
  }
  return at;
}

function cursorOf(next: string | null): { hash: string; inclusive: boolean } | undefined {
  const match = next === null ? null : /^(inclusive|exclusive):(.+)$/.exec(next);
  return match === null ? undefined : { hash: String(match[2]), inclusive: match[1] === 'inclusive' };
}
