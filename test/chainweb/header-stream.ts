import { encodeHeaderObject, powHash, readUint256 } from '@stoa/protocol/chainweb';
import type { Block } from './block.ts';
import type { NodeView } from './node-view.ts';

/**
 * The events of /header/updates: new blocks of the cut that the node holds for the winning one. After a reorganisation
 * that is just new headers at heights that were seen before; no event takes one back.
 */
export class HeaderStream {
  readonly #node: NodeView;
  #heads: readonly Block[];

  constructor(node: NodeView) {
    this.#node = node;
    this.#heads = node.heads();
  }

  /** What came since the last call, oldest first. */
  next(): string {
    this.#node.chainweb.sync();
    const before = this.#heads;
    this.#heads = this.#node.heads();
    return this.#heads
      .flatMap((head, chain) => this.#since(head, before[chain]))
      .sort((a, b) => a.foundAt - b.foundAt)
      .map((block) => this.#event(block))
      .join('');
  }

  /** The blocks of the new head's past that the old head doesn't rest on. */
  #since(head: Block, old: Block | undefined): Block[] {
    const fresh: Block[] = [];
    let [at, known]: (Block | undefined)[] = [head, old];
    while (at !== undefined && at !== known) {
      if (known !== undefined && known.header.height >= at.header.height) {
        known = this.#node.find(known.header.parent);
      } else {
        fresh.push(at);
        at = this.#node.find(at.header.parent);
      }
    }
    return fresh;
  }

  #event({ header }: Block): string {
    const object = encodeHeaderObject(header, this.#node.chainweb.network);
    const [pow, target] = [readUint256(powHash(header)), header.target].map(hex);
    return `event:BlockHeader\ndata:{"header":${object},"txCount":0,"powHash":"${pow}","target":"${target}"}\n\n`;
  }
}

/** Big-endian, unlike every other number of the API. */
function hex(value: bigint): string {
  return value.toString(16).padStart(64, '0');
}
