import type { ChainNode } from '@stoa/hub/mint';
import type { Sql } from '@stoa/hub/seams/db-adapter/index';

/** What a process that was killed meets at its next step. Nothing of it reaches the outside any more. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/**
 * The life of one process: every statement, transaction, and request of it is a step. It ends before one of them, or is held up
 * before one, as by a machine that stops for minutes.
 */
export class Life {
  #steps = 0;
  #endsAt = Number.POSITIVE_INFINITY;
  #stopsAt = Number.POSITIVE_INFINITY;
  #stopped: PromiseWithResolvers<void> | undefined;
  #heldUp = Promise.withResolvers<void>();

  get over(): boolean {
    return this.#steps > this.#endsAt;
  }

  /** Resolves while it is held up. */
  get heldUp(): Promise<void> {
    return this.#heldUp.promise;
  }

  /** @param steps that it still takes. */
  endAfter(steps: number): void {
    this.#endsAt = Math.min(this.#endsAt, this.#steps + steps);
  }

  /** At a request to a node or the signer, since statements are held up by their database. */
  stopAfter(steps: number): void {
    this.#stopsAt = this.#steps + steps;
  }

  goOn(): void {
    this.#stopsAt = Number.POSITIVE_INFINITY;
    this.#stopped?.resolve();
    this.#stopped = undefined;
    this.#heldUp = Promise.withResolvers();
  }

  /** @throws Killed */
  step(): void {
    this.#steps += 1;
    if (this.over) throw new Killed();
  }

  /** @throws Killed */
  async request(): Promise<void> {
    if (this.#steps >= this.#stopsAt) {
      this.#stopped ??= Promise.withResolvers();
      this.#heldUp.resolve();
      await this.#stopped.promise;
    }
    this.step();
  }
}

/** The database as a process sees it: what it has not committed when it ends is rolled back. */
export function databaseOf<T extends Sql>(sql: T, life: Life): T {
  return new Proxy(sql, {
    apply: (target, self, args: unknown[]) => {
      const isStatement = Array.isArray(args[0]) && 'raw' in args[0];
      if (isStatement) life.step();
      return Reflect.apply(target, self, args);
    },
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (name !== 'begin') return member;
      return async (...args: unknown[]) => {
        life.step();
        const work = args.pop() as (tx: Sql) => Promise<unknown>;
        const begin = member as (...all: unknown[]) => Promise<unknown>;
        const answer = await begin(...args, async (tx: Sql) => {
          const done = await work(databaseOf(tx, life));
          life.step();
          return done;
        });
        life.step();
        return answer;
      };
    },
  });
}

export function nodeOf(node: ChainNode, life: Life): ChainNode {
  const through = async <T>(ask: () => Promise<T>): Promise<T> => {
    await life.request();
    const answer = await ask();
    life.step();
    return answer;
  };
  return {
    name: node.name,
    send: (chain, command) => through(() => node.send(chain, command)),
    results: (chain, keys, depth) => through(() => node.results(chain, keys, depth)),
    preflight: (chain, cmd) => through(() => node.preflight(chain, cmd)),
    read: (chain, code, depth) => through(() => node.read(chain, code, depth)),
  };
}
