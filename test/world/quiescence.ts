import type { DbAdapter } from '@stoa/hub';

type Sql = DbAdapter['sql'];

/**
 * Knows when a world with a real database in it has come to rest, so that virtual time need not pass while a statement is
 * under way: a hub that waits for its database on a stopped clock would see no latency, and a running one far too much.
 */
export class Quiescence {
  #underWay = 0;
  #resting: (() => void)[] = [];

  /** The adapter, its statements and transactions counted. */
  observe(database: DbAdapter): DbAdapter {
    const sql = this.#observed(database.sql);
    return new Proxy(database, {
      get: (target, name) => {
        if (name === 'sql') return sql;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  }

  /** Resolves when no statement is under way and what followed from the last ones has run. */
  readonly settle = async (): Promise<void> => {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#underWay === 0) return;
      await new Promise<void>((resolve) => this.#resting.push(resolve));
    }
  };

  #observed(sql: Sql): Sql {
    return new Proxy(sql, {
      apply: (target, self, args: Parameters<Sql>) => {
        const made: unknown = Reflect.apply(target, self, args);
        // Helpers and fragments are no statements; a statement begins when it is first waited for.
        if (made instanceof Promise) this.#countWhenWaitedFor(made);
        return made;
      },
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (name !== 'begin') return member;
        return (...args: unknown[]) =>
          this.#count(Reflect.apply(member as () => Promise<unknown>, target, args));
      },
    });
  }

  #countWhenWaitedFor(statement: Promise<unknown>): void {
    let counted = false;
    const wait = statement.then.bind(statement);
    void Object.defineProperty(statement, 'then', {
      value: (...handlers: Parameters<typeof wait>) => {
        if (!counted) {
          counted = true;
          this.#begin();
          void wait(this.#end, this.#end);
        }
        return wait(...handlers);
      },
    });
  }

  #count<T>(work: Promise<T>): Promise<T> {
    this.#begin();
    work.then(this.#end, this.#end);
    return work;
  }

  #begin(): void {
    this.#underWay += 1;
  }

  readonly #end = (): void => {
    this.#underWay -= 1;
    if (this.#underWay > 0) return;
    for (const resolve of this.#resting.splice(0)) resolve();
  };
}
