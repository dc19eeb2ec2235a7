import { isDeepStrictEqual } from 'node:util';
import type { NodeAccess } from '../accounts/index.ts';
import type { Bus } from '../bus.ts';
import type { Clock } from '../clock.ts';
import type { LiveSource } from '../console/live.ts';
import type { Viewer } from '../viewer.ts';
import type { Liveness } from './liveness.ts';
import { type StateName, stateName } from './state.ts';
import type { NodeSummary } from './summary.ts';

/** A node that nothing is told of is looked up again after this long: another hub may have written it. */
const RELOAD_MS = 30_000;
/** Of the watched at most so many at once: what was opened together is soon looked up again evenly. */
const reloadedAtOnce = (watched: number): number => Math.max(200, Math.ceil(watched / 15));
/** Time alone changes states, but slowly. */
const JUDGE_MS = 5_000;

interface Held<T> {
  readonly value: T;
  readonly state: StateName;
}

/** Nodes as pages show them, by node id: loaded when the bus says they changed, judged again as time passes. */
export class NodeSource<T extends NodeSummary> implements LiveSource {
  readonly name: string;
  readonly #access: Pick<NodeAccess, 'among'>;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #liveness: Liveness;
  readonly #load: (nodeIds: readonly string[]) => Promise<readonly T[]>;
  readonly #render: (loaded: T) => string | Promise<string>;
  readonly #held = new Map<string, Held<T>>();
  /** When each watched id was last looked up, found or not; the longest ago first, so that a round looks at few. */
  readonly #lookedUp = new Map<string, number>();
  readonly #dirty = new Set<string>();
  #judgedAt = 0;

  constructor(by: {
    name: string;
    access: Pick<NodeAccess, 'among'>;
    bus: Bus;
    clock: Pick<Clock, 'now'>;
    liveness: Liveness;
    load: (nodeIds: readonly string[]) => Promise<readonly T[]>;
    render: (loaded: T) => string | Promise<string>;
  }) {
    this.name = by.name;
    this.#access = by.access;
    this.#clock = by.clock;
    this.#liveness = by.liveness;
    this.#load = by.load;
    this.#render = by.render;
    by.bus.subscribe('nodes', ({ ids }) => {
      for (const id of ids) if (this.#lookedUp.has(id)) this.#dirty.add(id);
    });
  }

  admit(viewer: Viewer, nodeIds: readonly string[]): Promise<readonly string[]> {
    return this.#access.among(viewer, nodeIds);
  }

  async changes(watched: ReadonlySet<string>, wanted: ReadonlySet<string>): Promise<Map<string, string>> {
    const now = this.#clock.now();
    const due = this.#due(watched, wanted, now);
    const changed = due.length === 0 ? [] : await this.#reload(due, wanted, now);
    changed.push(...this.#judgeAgain(now));
    const rendered = changed.map(async ({ value }) => [value.nodeId, await this.#render(value)] as const);
    return new Map(await Promise.all(rendered));
  }

  /** What nobody watches any more is forgotten when its turn comes. */
  #due(watched: ReadonlySet<string>, wanted: ReadonlySet<string>, now: number): string[] {
    const due = new Set(wanted);
    for (const id of this.#dirty) if (watched.has(id)) due.add(id);
    let left = reloadedAtOnce(watched.size);
    for (const [id, at] of this.#lookedUp) {
      if (left === 0 || now - at < RELOAD_MS) break;
      if (!watched.has(id)) this.#forget(id);
      else if (!due.has(id)) {
        due.add(id);
        left -= 1;
      }
    }
    return [...due];
  }

  #forget(id: string): void {
    this.#lookedUp.delete(id);
    this.#held.delete(id);
    this.#dirty.delete(id);
  }

  /** @returns those that are not what they were: most that are looked up again for safety's sake are. */
  async #reload(ids: readonly string[], wanted: ReadonlySet<string>, now: number): Promise<Held<T>[]> {
    const at = this.#liveness.at();
    // Before the load: what is told of meanwhile may not be in it, and is due again.
    this.#dirty.clear();
    const loaded = await this.#load(ids).catch((error: unknown) => {
      for (const id of ids) this.#dirty.add(id);
      throw error;
    });
    for (const id of ids) {
      this.#lookedUp.delete(id);
      this.#lookedUp.set(id, now);
    }
    return loaded.flatMap((value) => {
      const before = this.#held.get(value.nodeId);
      const held = { value, state: stateName(value.facts, at) };
      if (before?.state === held.state && !wanted.has(value.nodeId) && isDeepStrictEqual(before.value, value))
        return [];
      this.#held.set(value.nodeId, held);
      return [held];
    });
  }

  /** Those whose state became another by the passing of time alone. */
  #judgeAgain(now: number): Held<T>[] {
    if (now - this.#judgedAt < JUDGE_MS) return [];
    this.#judgedAt = now;
    const at = this.#liveness.at();
    return [...this.#held].flatMap(([id, held]) => {
      const state = stateName(held.value.facts, at);
      if (state === held.state) return [];
      const judged = { ...held, state };
      this.#held.set(id, judged);
      return [judged];
    });
  }
}
