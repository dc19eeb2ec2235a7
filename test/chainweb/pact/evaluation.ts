import { type Cont, codeOf, type Exec } from './command.ts';
import { PactFailure, type PactModule } from './module.ts';
import { Form, Name, ObjectTerm, PactParseError, type Term } from './reader.ts';
import type { SpvLookup } from './spv.ts';
import type { Transaction } from './transaction.ts';
import { Decimal, type PactValue, valueOfJson } from './value.ts';

/** The modules that are deployed, by full name. */
export type Modules = ReadonlyMap<string, PactModule>;

/** Runs the command's code: calls of deployed modules, with what their arguments are made of. @returns the last value */
export function runExec(transaction: Transaction, { data }: Exec, modules: Modules): PactValue {
  const terms = codeOf(transaction.command);
  if (terms instanceof PactParseError) throw new PactFailure(terms.message, 'ParseError');
  const evaluation = new Evaluation(transaction, data, modules);
  return terms.map((term) => evaluation.of(term)).at(-1) ?? true;
}

/** Runs the second step of a pact, given the proof that its first one happened on the other chain. */
export function runCont(
  transaction: Transaction,
  cont: Cont,
  { modules, provenStep }: { modules: Modules; provenStep: SpvLookup },
): PactValue {
  const first = provenStep(transaction.place, cont);
  if (first === undefined)
    throw new PactFailure(`Continuation of ${cont.pactId}: the proof holds for no step`, 'ContinuationError');
  const { continuation, yield: yielded } = first;
  const [, name = '', step = ''] = /^(.*)\.([^.]+)$/.exec(continuation.def) ?? [];
  const module = modules.get(name);
  const run = module?.steps?.[step];
  if (module === undefined || run === undefined || yielded === null || cont.step !== first.step + 1)
    throw new PactFailure(`Continuation of ${cont.pactId}: no step ${cont.step}`, 'ContinuationError');
  if (yielded.provenance.targetChainId !== String(transaction.place.parent.chain))
    throw new PactFailure(`enforceYieldProvenance: yield is for chain ${yielded.provenance.targetChainId}`);
  const call = transaction.callOf(module);
  if (call.read('pacts', cont.pactId) !== undefined)
    throw new PactFailure(`pact completed: ${cont.pactId}`, 'ContinuationError');
  call.write('pacts', cont.pactId, { step: cont.step });
  return run(call, yielded.data);
}

class Evaluation {
  readonly #transaction: Transaction;
  readonly #data: Readonly<Record<string, unknown>>;
  readonly #modules: Modules;
  /** Named by `use`: their functions need no module's name. */
  readonly #used: PactModule[] = [];

  constructor(transaction: Transaction, data: Readonly<Record<string, unknown>>, modules: Modules) {
    this.#transaction = transaction;
    this.#data = data;
    this.#modules = modules;
  }

  of(term: Term): PactValue {
    if (term instanceof Form) return this.#form(term);
    if (term instanceof Name) throw new PactFailure(`Cannot resolve ${term.text}`);
    if (term instanceof ObjectTerm)
      return Object.fromEntries(term.fields.map(([name, each]) => [name, this.of(each)]));
    if (typeof term === 'object' && !(term instanceof Decimal)) return term.map((each) => this.of(each));
    return term;
  }

  #form({ items: [head, ...args] }: Form): PactValue {
    if (!(head instanceof Name)) throw new PactFailure('expected a function to call');
    if (head.text === 'use') return this.#use(args);
    const values = args.map((each) => this.of(each));
    const builtin =
      this.#message(head.text, String(values[0])) ?? this.#described(head.text, String(values[0]));
    if (builtin !== undefined) return builtin;
    const [module, name] = this.#resolve(head.text);
    const run = module.functions[name];
    if (run === undefined) throw new PactFailure(`Cannot resolve ${head.text}`);
    return run(this.#transaction.callOf(module), values);
  }

  #use([module, hash]: readonly Term[]): PactValue {
    const name = module instanceof Name ? module.text : String(module);
    const found = this.#modules.get(name);
    if (found === undefined) throw new PactFailure(`Cannot find module: ${name}`);
    if (hash !== undefined && hash !== found.hash)
      throw new PactFailure(
        `${name}: module hash ${found.hash} is not the one that is asked for: ${String(hash)}`,
      );
    this.#used.push(found);
    return `Loaded module ${name}, hash ${found.hash}`;
  }

  #resolve(text: string): readonly [PactModule, string] {
    const dot = text.lastIndexOf('.');
    if (dot < 0) {
      const module = this.#used.find(({ functions }) => text in functions);
      if (module === undefined) throw new PactFailure(`Cannot resolve ${text}`);
      return [module, text];
    }
    const module = this.#modules.get(text.slice(0, dot));
    if (module === undefined) throw new PactFailure(`Module ${text.slice(0, dot)} not found`);
    return [module, text.slice(dot + 1)];
  }

  /** What tells of modules and keysets. */
  #described(form: string, name: string): PactValue | undefined {
    if (form === 'describe-module') {
      const module = this.#modules.get(name);
      if (module === undefined) throw new PactFailure(`Cannot find module: ${name}`);
      return { name, hash: module.hash };
    }
    if (form !== 'describe-keyset') return undefined;
    const keyset = [...this.#modules.values()].map(({ keysets = {} }) => keysets[name]).find(Boolean);
    if (keyset === undefined) throw new PactFailure(`No such keyset: ${name}`);
    return { ...keyset };
  }

  /** What reads the message's data. */
  #message(name: string, key: string): PactValue | undefined {
    if (!/^read-(msg|keyset|integer|decimal|string)$/.test(name)) return undefined;
    const value = valueOfJson(this.#data[key]);
    if (value === undefined) throw new PactFailure(`${name} failure: no such key in message: ${key}`);
    if (name === 'read-integer' && value instanceof Decimal) return Number(value.units / 10n ** 12n);
    if (name === 'read-decimal' && typeof value === 'number') return Decimal.of(value);
    return value;
  }
}
