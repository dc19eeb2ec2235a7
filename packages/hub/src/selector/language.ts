import { EVERYTHING, join, negate, type Selector, type Term } from './ast.ts';
import { SelectorError } from './error.ts';
import { BadValue, type Field, shown, type Test } from './field.ts';
import { LIMITS, type Token, tokens } from './lexer.ts';
import { didYouMean } from './nearest.ts';

/** How a language asks: how queries are joined, and what bare words mean. */
export interface Speech<Facts, Context, Query> {
  readonly fields: readonly Field<Facts, Context, Query>[];
  words(text: string): Test<Facts, Context, Query>;
  all(context: Context, parts: readonly Query[]): Query;
  any(context: Context, parts: readonly Query[]): Query;
  none(context: Context, part: Query): Query;
}

/**
 * `exact` misses nothing; `hinted` is narrowed by what may lag behind; `hints` has these alone where there are any, which
 * the planner of a database can guess the size of; `listed` has them alone where they say it all.
 */
export type QueryKind = 'exact' | 'hinted' | 'hints' | 'listed';

/**
 * Selectors over one table of fields. Grammar, from loose to tight: `OR`; `AND` or nothing between terms; `NOT` or `-`;
 * a term, words, or parentheses.
 */
export class Language<Facts, Context, Query> {
  readonly #speech: Speech<Facts, Context, Query>;
  readonly #fields: ReadonlyMap<string, Field<Facts, Context, Query>>;

  constructor(speech: Speech<Facts, Context, Query>) {
    this.#speech = speech;
    this.#fields = new Map(speech.fields.map((field) => [field.name, field]));
  }

  get fields(): readonly Field<Facts, Context, Query>[] {
    return this.#speech.fields;
  }

  /** @throws {SelectorError} and nothing else, whatever the text. */
  parse(text: string): Selector {
    return new Parser(text, (token) => this.#check(text, token)).whole();
  }

  /** The plain evaluator. The selector was parsed by this language. */
  matches(selector: Selector, facts: Facts, context: Context): boolean {
    switch (selector.kind) {
      case 'and':
        return selector.of.every((part) => this.matches(part, facts, context));
      case 'or':
        return selector.of.some((part) => this.matches(part, facts, context));
      case 'not':
        return !this.matches(selector.of, facts, context);
      default:
        return this.#tests(selector).some((test) => test.matches(facts, context));
    }
  }

  /** As a query. */
  query(selector: Selector, context: Context, by: QueryKind): Query {
    return this.#query(selector, context, by, true);
  }

  /** De Morgan's laws bring negations down to the terms, which know more of theirs. */
  #query(selector: Selector, context: Context, by: QueryKind, wanted: boolean): Query {
    const { all, any } = this.#speech;
    switch (selector.kind) {
      case 'and':
      case 'or': {
        const parts = selector.of.map((part) => this.#query(part, context, by, wanted));
        return (selector.kind === 'and') === wanted ? all(context, parts) : any(context, parts);
      }
      case 'not':
        return this.#query(selector.of, context, by, !wanted);
      default: {
        const parts = this.#tests(selector).map((test) => this.#leaf(test, context, by, wanted));
        return wanted ? any(context, parts) : all(context, parts);
      }
    }
  }

  #leaf(test: Test<Facts, Context, Query>, context: Context, by: QueryKind, wanted: boolean): Query {
    const { all, none } = this.#speech;
    const hint = by === 'exact' ? undefined : wanted ? test.hint?.(context) : test.hintNot?.(context);
    const alone = by === 'hints' || (by === 'listed' && test.hintIsWhole === true);
    if (alone && hint !== undefined) return hint;
    const query = wanted ? test.sql(context) : none(context, test.sql(context));
    return hint === undefined ? query : all(context, [hint, query]);
  }

  #tests(leaf: Exclude<Selector, { readonly of: unknown }>): Test<Facts, Context, Query>[] {
    if (leaf.kind === 'words') return [this.#speech.words(leaf.text)];
    const field = this.#fields.get(leaf.field);
    if (field === undefined)
      throw new RangeError(`the selector was parsed by another language: ${leaf.field}`);
    return leaf.values.map((value) => field.read(leaf.operator, value));
  }

  #check(text: string, token: Token & { kind: 'term' }): Term {
    const { column, field: name, operator, values, valueColumns } = token;
    const field = this.#fields.get(name);
    const names = [...this.#fields.keys()];
    if (field === undefined)
      throw new SelectorError(
        text,
        column,
        `there is no field '${shown(name)}'${didYouMean(name, names) || '.'}`,
        `Fields are ${names.join(', ')}. To find it as text, quote it: "${shown(name)}:…".`,
      );
    if (!field.operators.includes(operator))
      throw new SelectorError(
        text,
        column + name.length + 1,
        `'${name}' can't be compared by '${operator}'.`,
        `Write ${field.example}.`,
      );
    for (const [i, value] of values.entries()) {
      try {
        field.read(operator, value);
      } catch (error) {
        if (!(error instanceof BadValue)) throw error;
        throw new SelectorError(text, valueColumns[i]!, error.message, `Write ${field.example}.`);
      }
    }
    return { kind: 'term', field: name, operator, values, column };
  }
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #check: (token: Token & { kind: 'term' }) => Term;
  #at = 0;
  #terms = 0;
  #depth = 0;

  constructor(text: string, check: (token: Token & { kind: 'term' }) => Term) {
    this.#text = text;
    this.#tokens = tokens(text);
    this.#check = check;
  }

  whole(): Selector {
    if (this.#tokens.length === 0) return EVERYTHING;
    const selector = this.#or();
    const rest = this.#tokens[this.#at];
    if (rest !== undefined)
      throw this.#error(rest, "this ')' closes nothing.", 'Take it out, or open a parenthesis before it.');
    return selector;
  }

  #or(): Selector {
    const parts = [this.#and()];
    while (this.#take('OR')) parts.push(this.#and());
    return join('or', parts);
  }

  #and(): Selector {
    const parts = [this.#unary()];
    for (;;) {
      const next = this.#tokens[this.#at]?.kind;
      if (next === undefined || next === ')' || next === 'OR') return join('and', parts);
      this.#take('AND');
      parts.push(this.#unary());
    }
  }

  #unary(): Selector {
    if (this.#take('-') || this.#take('NOT')) return this.#deeper(() => negate(this.#unary()));
    const token = this.#tokens[this.#at];
    if (token === undefined || token.kind === 'AND' || token.kind === 'OR' || token.kind === ')')
      throw this.#error(
        token,
        `a term is expected ${token === undefined ? 'at the end' : `before '${token.kind}'`}.`,
        'Write a word, a field as state:offline, or a selector in parentheses; quote "AND", "OR" and "NOT" to find them as words.',
      );
    this.#at += 1;
    if (token.kind === '(') return this.#deeper(() => this.#inParentheses(token));
    this.#terms += token.kind === 'term' ? token.values.length : 1;
    if (this.#terms > LIMITS.terms)
      throw this.#error(
        token,
        `this is term ${this.#terms}.`,
        `A selector has at most ${LIMITS.terms} terms.`,
      );
    if (token.kind === 'term') return this.#check(token);
    if (token.kind === 'words') return { kind: 'words', text: token.text, column: token.column };
    throw this.#error(token, `'${token.kind}' is not expected here.`, 'Take it out.');
  }

  #inParentheses(opened: Token): Selector {
    const inside = this.#or();
    if (!this.#take(')'))
      throw this.#error(opened, "this '(' is not closed.", "Add ')' where its part ends.");
    return inside;
  }

  #deeper(read: () => Selector): Selector {
    this.#depth += 1;
    if (this.#depth > LIMITS.depth)
      throw this.#error(
        this.#tokens[this.#at],
        `parentheses and NOT are ${this.#depth} deep.`,
        `At most ${LIMITS.depth} are read.`,
      );
    const selector = read();
    this.#depth -= 1;
    return selector;
  }

  #take(kind: Token['kind']): boolean {
    if (this.#tokens[this.#at]?.kind !== kind) return false;
    this.#at += 1;
    return true;
  }

  #error(token: Token | undefined, problem: string, fix: string): SelectorError {
    return new SelectorError(this.#text, token?.column ?? this.#text.length + 1, problem, fix);
  }
}
