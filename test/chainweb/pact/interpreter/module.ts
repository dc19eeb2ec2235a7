import { type Call, type Guard, guard, PactFailure, type PactFunction, type PactModule } from '../module.ts';
import type { Row } from '../value.ts';
import { Evaluator, itemsOf, nameOf, Scope, type SpecialForm } from './evaluator.ts';
import { type Node, readModule } from './syntax.ts';
import { Closure, isObject, plain, requireType, Time, type Value } from './value.ts';

/** Where the text of a module is deployed. */
export interface Deployment {
  readonly namespace: string;
  readonly hash: string;
  /** By the names that the text has for them. */
  readonly keysets: Readonly<Record<string, Guard>>;
  /** What the deployment wrote, by table and key. */
  readonly rows?: Readonly<Record<string, Readonly<Record<string, Row>>>>;
}

interface Definition {
  readonly parameters: readonly Node[];
  readonly body: readonly Node[];
  /** Of a capability: whether acquiring it is told. */
  readonly event: boolean;
}

/** A schema's fields with their types, in their order. */
type Schema = Readonly<Record<string, string>>;

export interface InterpretedModule extends PactModule {
  /** Acquires the capability that governs it. @throws PactFailure where the signers may not */
  govern(call: Call): void;
}

/** The contract itself as a module of the simulated chain: its own text is what runs. */
export function interpretModule(text: string, deployment: Deployment): InterpretedModule {
  const source = new ModuleSource(text, deployment);
  const functions = [...source.functions.keys()].map((name): [string, PactFunction] => [
    name,
    (call, args) => plain(new ModuleRun(source, call).call(name, args)),
  ]);
  return {
    ...{ name: source.name, hash: deployment.hash, functions: Object.fromEntries(functions) },
    govern: (call) => new ModuleRun(source, call).acquire(source.governance, [], () => true),
  };
}

class ModuleSource {
  readonly name: string;
  /** Of its capabilities the one that governs it. */
  readonly governance: string;
  readonly deployment: Deployment;
  readonly functions: Map<string, Definition> = new Map();
  readonly capabilities: Map<string, Definition> = new Map();
  readonly constants: Map<string, Node> = new Map();
  readonly tables: Map<string, Schema> = new Map();

  constructor(text: string, deployment: Deployment) {
    const [module, ...others] = readModule(text);
    const [keyword, name, governance, ...definitions] = itemsOf(module);
    if (others.length > 0 || nameOf(keyword!).text !== 'module')
      throw new PactFailure('one module is expected, and nothing beside it');
    this.name = `${deployment.namespace}.${nameOf(name!).text}`;
    this.governance = nameOf(governance!).text;
    this.deployment = deployment;
    const schemas = new Map<string, Schema>();
    for (const definition of definitions) this.#define(itemsOf(definition), schemas);
  }

  #define([keyword, named, ...rest]: readonly Node[], schemas: Map<string, Schema>): void {
    const { text, type } = nameOf(named!);
    const kind = nameOf(keyword!).text;
    if (kind === 'defconst') this.constants.set(text, rest[0]!);
    else if (kind === 'defun') this.functions.set(text, definitionOf(rest));
    else if (kind === 'defcap') this.capabilities.set(text, definitionOf(rest));
    else if (kind === 'deftable') this.tables.set(text, schemas.get(type!.slice(1, -1))!);
    else if (kind === 'defschema')
      schemas.set(
        text,
        Object.fromEntries(rest.map(nameOf).map((field) => [field.text, field.type ?? 'any'])),
      );
    else throw new PactFailure(`${kind} is not simulated`);
  }
}

function definitionOf([parameters, ...body]: readonly Node[]): Definition {
  const [first] = body;
  const event = first?.kind === 'name' && first.text === '@event';
  return { parameters: itemsOf(parameters), body: event ? body.slice(1) : body, event };
}

/** One call from outside, and what it calls in turn. */
class ModuleRun {
  readonly #source: ModuleSource;
  readonly #call: Call;
  readonly #evaluator: Evaluator;
  readonly #forms: Readonly<Record<string, SpecialForm>>;

  constructor(source: ModuleSource, call: Call) {
    this.#source = source;
    this.#call = call;
    this.#evaluator = new Evaluator({
      charge: (milligas) => call.charge(milligas),
      resolve: (name) => this.#resolve(name),
      form: (name) => (Object.hasOwn(this.#forms, name) ? this.#forms[name] : undefined),
    });
    this.#forms = {
      'with-default-read': ([table, key, fallback, pattern, ...body], scope, evaluator) => {
        const row = this.#row(table, evaluator.of(key, scope)) ?? evaluator.of(fallback, scope);
        return evaluator.body(body, evaluator.bound(pattern, row, scope));
      },
      'with-read': ([table, key, pattern, ...body], scope, evaluator) => {
        const row = this.#existing(table, evaluator.of(key, scope));
        return evaluator.body(body, evaluator.bound(pattern, row, scope));
      },
      insert: ([table, key, row], scope, evaluator) => {
        const [name, at] = [nameOf(table!).text, String(evaluator.of(key, scope))];
        call.insert(name, at, this.#rowOf(name, evaluator.of(row, scope)));
        return 'Write succeeded';
      },
      write: ([table, key, row], scope, evaluator) => {
        const [name, at] = [nameOf(table!).text, String(evaluator.of(key, scope))];
        call.write(name, at, this.#rowOf(name, evaluator.of(row, scope)));
        return 'Write succeeded';
      },
      update: ([table, key, changes], scope, evaluator) => {
        const [name, at] = [nameOf(table!).text, String(evaluator.of(key, scope))];
        call.update(name, at, this.#fieldsOf(name, evaluator.of(changes, scope)));
        return 'Write succeeded';
      },
      'with-capability': ([capability, ...body], scope, evaluator) => {
        const [name, args] = this.#token(capability, scope);
        return this.acquire(name, args, () => evaluator.body(body, scope));
      },
      'emit-event': ([capability], scope) => {
        const [name, args] = this.#token(capability, scope);
        call.emit(name, args.map(plain));
        return true;
      },
      'enforce-guard': ([guarded], scope, evaluator) => {
        call.enforceGuard(guard(plain(evaluator.of(guarded, scope))));
        return true;
      },
      'keyset-ref-guard': ([keyset], scope, evaluator) => {
        const name = String(evaluator.of(keyset, scope));
        const found = source.deployment.keysets[name];
        if (found === undefined) throw new PactFailure(`No such keyset: ${name}`);
        return { ...found };
      },
    };
  }

  call(name: string, args: readonly Value[]): Value {
    const { arity, apply } = this.#resolve(name) as Closure;
    if (arity !== args.length) throw new PactFailure(`${name} takes ${arity} arguments, not ${args.length}`);
    return apply(args);
  }

  acquire(name: string, args: readonly Value[], body: () => Value): Value {
    const { parameters, body: conditions, event } = this.#source.capabilities.get(name)!;
    const token = { name: `${this.#source.name}.${name}`, args: args.map(plain) };
    return this.#call.withCapability(token, () => {
      this.#evaluator.closure(parameters, conditions, new Scope()).apply(args);
      if (event) this.#call.emit(name, token.args);
      return body();
    });
  }

  #resolve(name: string): Value | undefined {
    const { functions, constants } = this.#source;
    const definition = functions.get(name);
    if (definition !== undefined)
      return this.#evaluator.closure(definition.parameters, definition.body, new Scope());
    const constant = constants.get(name);
    if (constant !== undefined) return this.#evaluator.of(constant, new Scope());
    if (name !== 'chain-data') return undefined;
    return new Closure(0, () => ({ 'block-time': new Time(this.#call.blockTime) }));
  }

  #token(node: Node | undefined, scope: Scope): readonly [string, readonly Value[]] {
    const [head, ...args] = itemsOf(node);
    const name = nameOf(head!).text;
    if (!this.#source.capabilities.has(name)) throw new PactFailure(`No such capability: ${name}`);
    return [name, args.map((each) => this.#evaluator.of(each, scope))];
  }

  #row(table: Node | undefined, key: Value): Row | undefined {
    const name = nameOf(table!).text;
    return this.#call.read(name, String(key)) ?? this.#source.deployment.rows?.[name]?.[String(key)];
  }

  #existing(table: Node | undefined, key: Value): Row {
    const row = this.#row(table, key);
    if (row !== undefined) return row;
    const name = `${this.#source.name}_${nameOf(table!).text}`;
    throw new PactFailure(`No value found in table ${name} for key: ${String(key)}`);
  }

  /** A whole row. @throws PactFailure where the table's schema has other fields or types */
  #rowOf(table: string, row: Value): Row {
    const fields = this.#fieldsOf(table, row);
    const missing = Object.keys(this.#source.tables.get(table)!).filter((field) => !(field in fields));
    if (missing.length === 0) return fields;
    throw new PactFailure(`a row of ${table} without ${missing.join(', ')}`);
  }

  #fieldsOf(table: string, row: Value): Row {
    const schema = this.#source.tables.get(table);
    if (schema === undefined || !isObject(row)) throw new PactFailure(`No such table: ${table}`);
    for (const [field, value] of Object.entries(row)) {
      if (!Object.hasOwn(schema, field)) throw new PactFailure(`${table} has no field ${field}`);
      requireType(value, schema[field], `${table}.${field}`);
    }
    return plain(row) as Row;
  }
}
