import type { Header } from '@stoa/protocol/chainweb';
import type { Command, Signer } from '../command.ts';
import { type Guard, guard, PactFailure } from '../module.ts';
import { Draft, emptyState } from '../state.ts';
import { Transaction } from '../transaction.ts';
import { Decimal, type Row } from '../value.ts';
import { Evaluator, nameOf, Scope, type SpecialForm } from './evaluator.ts';
import { type InterpretedModule, interpretModule } from './module.ts';
import { type Node, readModule } from './syntax.ts';
import { isSame, plain, shown, type Time, type Value } from './value.ts';

/** One `expect` or `expect-failure` of a script. */
export interface Expectation {
  /** The transaction that it stands in, and what it is called. */
  readonly title: string;
  /** Undefined where it holds. */
  readonly fault: string | undefined;
}

/**
 * Runs a REPL script of one module, as far as scripts of ours go. Every expression is a transaction of its own within the
 * one that it stands in: what fails leaves nothing behind.
 * @param load the text of the module.
 */
export function runScript(script: string, load: (path: string) => string): Expectation[] {
  const repl = new Repl(load);
  for (const node of readModule(script)) repl.run(node);
  return repl.expectations;
}

class Repl {
  readonly expectations: Expectation[] = [];
  readonly #load: (path: string) => string;
  readonly #evaluator: Evaluator;
  readonly #forms: Readonly<Record<string, SpecialForm>>;
  readonly #keysets: Record<string, Guard> = {};
  #state = emptyState;
  #draft = new Draft(emptyState);
  #transaction: Transaction | undefined;
  #title = '';
  #data: Readonly<Record<string, Value>> = {};
  #signers: readonly Signer[] = [];
  #events: Value[] = [];
  #time = 0n;
  #namespace = '';
  #module: InterpretedModule | undefined;
  #isAdmin = false;

  constructor(load: (path: string) => string) {
    this.#load = load;
    this.#evaluator = new Evaluator({
      charge: () => undefined,
      resolve: () => undefined,
      form: (name) => (Object.hasOwn(this.#forms, name) ? this.#forms[name] : this.#member(name)),
    });
    const value =
      (run: (...args: readonly Value[]) => unknown): SpecialForm =>
      (args, scope, evaluator) => {
        run(...args.map((each) => evaluator.of(each, scope)));
        return true;
      };
    const refused: SpecialForm = () => {
      throw new PactFailure('only code of the module may');
    };
    this.#forms = {
      'begin-tx': value((title) => {
        this.#title = String(title);
        this.#draft = new Draft(this.#state);
        this.#isAdmin = false;
      }),
      'commit-tx': value(() => {
        this.#state = this.#draft.finish();
      }),
      'rollback-tx': value(() => undefined),
      'env-chain-data': value((data) => {
        const { 'block-time': at } = data as { 'block-time': Time };
        this.#time = at.micros;
      }),
      'env-data': value((data) => {
        this.#data = data as Record<string, Value>;
      }),
      'env-sigs': value((signatures) => {
        const signed = plain(signatures!) as unknown as readonly {
          key: string;
          caps: Signer['capabilities'];
        }[];
        this.#signers = signed.map(({ key, caps }) => ({ key, capabilities: caps }));
      }),
      'env-events': () => this.#events.splice(0),
      'read-keyset': ([name], scope, evaluator) => this.#data[String(evaluator.of(name, scope))] ?? false,
      'define-namespace': value(() => undefined),
      namespace: value((name) => {
        this.#namespace = String(name);
      }),
      'define-keyset': value((name, keyset) => {
        this.#keysets[String(name)] = guard(plain(keyset!));
      }),
      load: value((path) => {
        const at = { namespace: this.#namespace, hash: '', keysets: this.#keysets };
        this.#module = interpretModule(this.#load(String(path)), at);
      }),
      use: () => true,
      'create-table': () => true,
      'acquire-module-admin': () => {
        const module = this.#deployed();
        module.govern(this.#transaction!.callOf(module));
        this.#isAdmin = true;
        return true;
      },
      'with-capability': refused,
      'emit-event': refused,
      insert: refused,
      write: ([table, key, row], scope, evaluator) => {
        const module = this.#deployed();
        if (!this.#isAdmin) throw new PactFailure('Module admin necessary');
        const name = nameOf(table!).text.replace(`${module.name}.`, '');
        const written = plain(evaluator.of(row, scope)) as Row;
        this.#transaction?.callOf(module).write(name, String(evaluator.of(key, scope)), written);
        return true;
      },
      expect: ([title, expected, actual], scope, evaluator) => {
        this.#expect(String(evaluator.of(title, scope)), () => {
          const [wanted, got] = [evaluator.of(expected, scope), this.#attempt(actual!, scope)];
          return isSame(wanted, got) ? undefined : `expected ${shown(wanted)}, got ${shown(got)}`;
        });
        return true;
      },
      'expect-failure': ([title, ...rest], scope, evaluator) => {
        this.#expect(String(evaluator.of(title, scope)), () => {
          const message = rest.length > 1 ? String(evaluator.of(rest[0], scope)) : '';
          const failure = this.#failure(rest.at(-1)!, scope);
          return failure?.includes(message)
            ? undefined
            : `expected '${message}' to fail, got ${failure ?? 'no failure'}`;
        });
        return true;
      },
    };
  }

  run(node: Node): void {
    this.#attempt(node, new Scope());
  }

  /** As a transaction: what it writes and tells stays if it succeeds. */
  #attempt(node: Node, scope: Scope): Value {
    const outer = this.#transaction;
    const transaction = new Transaction(this.#command(), this.#draft, { parent: this.#parent() });
    this.#transaction = transaction;
    try {
      const result = this.#evaluator.of(node, scope);
      transaction.commit();
      for (const { module, name, params } of transaction.events)
        this.#events.push({ name: `${module.namespace}.${module.name}.${name}`, params });
      return result;
    } finally {
      this.#transaction = outer;
    }
  }

  #failure(node: Node, scope: Scope): string | undefined {
    try {
      this.#attempt(node, scope);
      return undefined;
    } catch (error) {
      if (error instanceof PactFailure) return error.message;
      throw error;
    }
  }

  #expect(title: string, fault: () => string | undefined): void {
    let found: string | undefined;
    try {
      found = fault();
    } catch (error) {
      if (!(error instanceof PactFailure)) throw error;
      found = `failed: ${error.message}`;
    }
    this.expectations.push({ title: `${this.#title}: ${title}`, fault: found });
  }

  #deployed(): InterpretedModule {
    if (this.#module === undefined) throw new PactFailure('no module is loaded');
    return this.#module;
  }

  /** A capability to sign for, or a function of the module. */
  #member(name: string): SpecialForm | undefined {
    const module = this.#module;
    const [, member = ''] = /([^.]+)$/.exec(name) ?? [];
    if (/^[A-Z]+$/.test(member)) {
      return (args, scope, evaluator) => ({ name, args: args.map((each) => evaluator.of(each, scope)) });
    }
    const run =
      module !== undefined && Object.hasOwn(module.functions, member) ? module.functions[member] : undefined;
    if (module === undefined || run === undefined) return undefined;
    return (args, scope, evaluator) => {
      const values = args.map((each) => plain(evaluator.of(each, scope)));
      return run(this.#transaction!.callOf(module), values) as Value;
    };
  }

  #command(): Command {
    return {
      ...{
        key: '',
        signed: { cmd: '', hash: '', sigs: [] },
        bytes: 0,
        networkId: 'stoa',
        chainId: '0',
        sender: '',
      },
      ...{ gasLimit: Number.MAX_SAFE_INTEGER / 1_000, gasPrice: Decimal.zero, priceText: undefined },
      ...{ creationTime: 0, ttl: 0, signers: this.#signers, payload: { code: '', data: {} } },
    };
  }

  #parent(): Header {
    return { chain: 0, height: 0, creationTime: this.#time } as Header;
  }
}
