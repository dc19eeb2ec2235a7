import type { StoredWord } from './word-store.ts';

type Named = Pick<StoredWord, 'instanceId' | 'nodeId' | 'sessionId'>;

/** Hex digits of a node id that make its group: with 200,000 nodes some fifty are in one. */
export const GROUP_DIGITS = 3;

/** What somebody wrote who may write anything. */
const NO_NODE = '---';

/** Nodes whose words of an hour stand and fall together. */
export function groupOf(nodeId: string): string {
  const group = nodeId.slice(0, GROUP_DIGITS);
  return /^[0-9a-f]{3}$/.test(group) ? group : NO_NODE;
}

/** Words of an hour that do not count: all of an instance, some groups of it, or single ones. */
export class LeftOut {
  readonly instances: ReadonlySet<string>;
  readonly #groups: Set<string> = new Set();
  readonly #words: Set<string> = new Set();

  constructor(instances: Iterable<string> = []) {
    this.instances = new Set(instances);
  }

  /** As `"INSTANCE GROUP"`. */
  get groups(): readonly string[] {
    return [...this.#groups];
  }

  /** As `"INSTANCE NODE SESSION"`. */
  get words(): readonly string[] {
    return [...this.#words];
  }

  addGroup(instanceId: string, group: string): void {
    this.#groups.add(`${instanceId} ${group}`);
  }

  add(word: Named): void {
    this.#words.add(keyOf(word));
  }

  has(word: Named): boolean {
    const { instanceId, nodeId } = word;
    return (
      this.instances.has(instanceId) ||
      this.#groups.has(`${instanceId} ${groupOf(nodeId)}`) ||
      this.#words.has(keyOf(word))
    );
  }
}

function keyOf({ instanceId, nodeId, sessionId }: Named): string {
  return `${instanceId} ${nodeId} ${sessionId}`;
}
