import type { Child } from 'hono/jsx';
import { absolute, iso, relative } from './format.ts';
import { embed, Markup, markup } from './markup.ts';

/** An instant, told as its age; the browser keeps the age true, the title tells the instant. */
export function agoMarkup(at: number, now: number): Markup {
  return markup`${timeTag(Math.floor(at / 1_000))}${relative(at, now)}</time>`;
}

const MOST_TAGS = 512;
const tags = new Map<number, Markup>();

/** Of a second since 1970. Kept: nodes are heard from within the same few seconds, and writing a date is slow. */
function timeTag(second: number): Markup {
  let tag = tags.get(second);
  if (tag === undefined) {
    const at = second * 1_000;
    tag = new Markup(`<time class="ago" datetime="${iso(at)}" title="${absolute(at)}">`);
    if (tags.size >= MOST_TAGS) tags.clear();
    tags.set(second, tag);
  }
  return tag;
}

export function Ago({ at, now }: { at: number; now: number }) {
  return embed(agoMarkup(at, now));
}

/** What isn't known: never an empty cell, which could be a fault of the page. */
export function unknownMarkup(why: string): Markup {
  return markup`<span class="unknown" title="${why}">&#8211;</span>`;
}

export function Unknown({ why = 'not known' }: { why?: string }) {
  return embed(unknownMarkup(why));
}

export interface Fact {
  readonly name: string;
  readonly value: Child;
}

/** Names and values, aligned. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts.map(({ name, value }) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}

/** A part of a page with a heading of its own. */
export function Panel({
  id,
  title,
  aside,
  children,
}: {
  id: string;
  title: string;
  aside?: Child;
  children?: Child;
}) {
  return (
    <section class="panel" aria-labelledby={`${id}-title`} id={id}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        {aside && <p class="panel-aside">{aside}</p>}
      </header>
      {children}
    </section>
  );
}

/** Nothing to show yet: says why, and the next command. */
export function Empty({ title, children }: { title: string; children?: Child }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Views of one thing, each with an address of its own. */
export function Tabs({
  label,
  tabs,
  active,
}: {
  label: string;
  tabs: readonly { readonly id: string; readonly href: string; readonly word: string }[];
  active: string;
}) {
  return (
    <nav class="tabs" aria-label={label}>
      <ul>
        {tabs.map(({ id, href, word }) => (
          <li>
            <a href={href} aria-current={id === active ? 'page' : undefined}>
              {word}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** A table that may be wider than its panel: it scrolls by itself, by keyboard too. */
export function Wide({ label, children }: { label: string; children?: Child }) {
  return (
    <section class="scroll-x" aria-label={label} tabindex={0}>
      {children}
    </section>
  );
}

/** The word of a column's head; of numbers, to the right. */
export type Column = string | { readonly word: string; readonly num: true };

/** A list as a table, its rows inside. With `acts` the last column is what may be done with each. */
export function Table({
  caption,
  columns,
  acts = false,
  children,
}: {
  caption: string;
  columns: readonly Column[];
  acts?: boolean;
  children?: Child;
}) {
  return (
    <Wide label={caption}>
      <table>
        <caption class="away">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th scope="col" class={typeof column === 'string' ? undefined : 'num'}>
                {typeof column === 'string' ? column : column.word}
              </th>
            ))}
            {acts && (
              <th scope="col">
                <span class="away">Act</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </Wide>
  );
}
