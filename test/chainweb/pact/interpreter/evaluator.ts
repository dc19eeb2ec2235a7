import { PactFailure } from '../module.ts';
import { NATIVES } from './natives.ts';
import type { Node } from './syntax.ts';
import { Closure, isList, isObject, requireType, shown, type Value } from './value.ts';

/** Names that are bound where an expression stands. */
export class Scope {
  readonly #names: Map<string, Value>;
  readonly #outer: Scope | undefined;

  constructor(names: Iterable<readonly [string, Value]> = [], outer?: Scope) {
    this.#names = new Map(names);
    this.#outer = outer;
  }

  find(name: string): Value | undefined {
    return this.#names.get(name) ?? this.#outer?.find(name);
  }

  with(names: Iterable<readonly [string, Value]>): Scope {
    return new Scope(names, this);
  }
}

/** What stands around expressions: the chain, the module, or the person at a REPL. */
export interface Surroundings {
  /** In thousandths of a gas. */
  charge(milligas: number): void;
  /** What is neither bound nor native. @returns undefined for what is not there either */
  resolve(name: string): Value | undefined;
  /** Forms that are no functions of values: they get what is written. @returns undefined for every other name */
  form(name: string): SpecialForm | undefined;
}

export type SpecialForm = (args: readonly Node[], scope: Scope, evaluator: Evaluator) => Value;

/** Walks expressions. Everything that differs between a module, a transaction and a REPL is its surroundings'. */
export class Evaluator {
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  of(node: Node | undefined, scope: Scope): Value {
    switch (node?.kind) {
      case 'value':
        return node.value;
      case 'name':
        return this.#named(node.text, scope);
      case 'list':
        return node.items.map((each) => this.of(each, scope));
      case 'object':
        return Object.fromEntries(node.fields.map(([name, each]) => [name, this.of(each, scope)]));
      case 'form':
        return this.#form(node.items, scope);
      default:
        throw new PactFailure(`an expression is expected, and there is ${node?.kind ?? 'none'}`);
    }
  }

  /** The expressions one after the other. @returns the last one's value. */
  body(nodes: readonly Node[], scope: Scope): Value {
    return nodes.map((node) => this.of(node, scope)).at(-1) ?? true;
  }

  /** What the field of a row or an object is bound to by a pattern. */
  bound(pattern: Node | undefined, row: Value, scope: Scope): Scope {
    if (pattern?.kind !== 'pattern' || !isObject(row)) throw new PactFailure('a pattern is expected');
    return scope.with(
      pattern.fields.map(([field, name]) => {
        const value = row[field];
        if (value === undefined) throw new PactFailure(`no field ${field} in ${shown(row)}`);
        return [name, value];
      }),
    );
  }

  closure(parameters: readonly Node[], body: readonly Node[], scope: Scope): Closure {
    const named = parameters.map(nameOf);
    return new Closure(named.length, (args) => {
      this.#around.charge(50 + 25 * named.length);
      const names = named.map(({ text, type }, i) => [text, requireType(args[i]!, type, text)] as const);
      return this.body(body, scope.with(names));
    });
  }

  #named(text: string, scope: Scope): Value {
    const value = scope.find(text) ?? this.#around.resolve(text) ?? this.#native(text);
    if (value === undefined) throw new PactFailure(`Cannot resolve ${text}`);
    return value;
  }

  #native(text: string): Closure | undefined {
    const native = Object.hasOwn(NATIVES, text) ? NATIVES[text] : undefined;
    if (native === undefined) return undefined;
    return new Closure(native.arity, (args) => {
      const list = args.find(isList) ?? [];
      this.#around.charge(native.cost + native.each * list.length);
      return native.run(...(args as never[]));
    });
  }

  #form([head, ...args]: readonly Node[], scope: Scope): Value {
    const name = head?.kind === 'name' ? head.text : '';
    const special = SPECIAL[name] ?? this.#around.form(name);
    if (special !== undefined) return special(args, scope, this);
    const callee = this.of(head, scope);
    if (!(callee instanceof Closure)) throw new PactFailure(`${name} is no function`);
    return applied(
      callee,
      args.map((each) => this.of(each, scope)),
    );
  }
}

/** With fewer arguments it waits for the others. */
function applied(callee: Closure, args: readonly Value[]): Value {
  if (args.length > callee.arity)
    throw new PactFailure(`${args.length} arguments, and ${callee.arity} are expected`);
  if (args.length === callee.arity && args.length > 0) return callee.apply(args);
  if (callee.arity === 0) return callee.apply([]);
  return new Closure(callee.arity - args.length, (rest) => applied(callee, [...args, ...rest]));
}

export function nameOf(node: Node): { readonly text: string; readonly type: string | undefined } {
  if (node.kind === 'name') return node;
  throw new PactFailure(`a name is expected, and there is a ${node.kind}`);
}

export function itemsOf(node: Node | undefined): readonly Node[] {
  if (node?.kind === 'form') return node.items;
  throw new PactFailure(`a form is expected, and there is ${node?.kind ?? 'none'}`);
}

function truth(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  throw new PactFailure(`Type error: expected bool, got ${shown(value)}`);
}

const SPECIAL: Readonly<Record<string, SpecialForm>> = {
  if: ([condition, yes, no], scope, evaluator) =>
    evaluator.of(truth(evaluator.of(condition, scope)) ? yes : no, scope),
  and: ([a, b], scope, evaluator) => truth(evaluator.of(a, scope)) && truth(evaluator.of(b, scope)),
  or: ([a, b], scope, evaluator) => truth(evaluator.of(a, scope)) || truth(evaluator.of(b, scope)),
  enforce: ([condition, message], scope, evaluator) => {
    if (truth(evaluator.of(condition, scope))) return true;
    throw new PactFailure(String(evaluator.of(message, scope)));
  },
  let: ([bindings, ...body], scope, evaluator) => {
    let inner = scope;
    for (const binding of itemsOf(bindings)) {
      const [name, value] = itemsOf(binding);
      inner = inner.with([[nameOf(name!).text, evaluator.of(value, inner)]]);
    }
    return evaluator.body(body, inner);
  },
  lambda: ([parameters, ...body], scope, evaluator) => evaluator.closure(itemsOf(parameters), body, scope),
};
