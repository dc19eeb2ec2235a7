import { raw } from 'hono/html';

/**
 * Markup by template, where JSX would cost too much: a page of the list has 3,000 elements, and hono/jsx takes 2 µs for
 * each. Safe the same way: whatever isn't markup already is escaped.
 *
 * Templates of the frame and of the list are ASCII, other characters entities: one beyond Latin-1 makes V8 hold all of a
 * page in two bytes a character, which took a tenth of its time.
 */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

type Value = string | number | Markup | readonly Markup[] | false | undefined;

/** Values may stand in text and in attributes that are quoted. */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let text = parts[0]!;
  for (let i = 0; i < values.length; i += 1) text += textOf(values[i]) + parts[i + 1]!;
  return new Markup(text);
}

/** Several parts as one; undefined where there is none. */
export function joined(parts: readonly Markup[]): Markup | undefined {
  return parts.length === 0 ? undefined : new Markup(textOf(parts));
}

/** Markup inside JSX. */
export function embed(part: Markup | readonly Markup[]) {
  return raw(textOf(part));
}

function textOf(value: Value): string {
  if (typeof value === 'string') return escapeText(value);
  if (value instanceof Markup) return value.text;
  if (typeof value === 'number') return String(value);
  return value ? value.map((part) => part.text).join('') : '';
}

const SPECIAL = /[&<>"']/;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeText(text: string): string {
  return SPECIAL.test(text) ? text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!) : text;
}
