import type { Child } from 'hono/jsx';
import { absolute, relative } from './format.ts';
import { embed, type Markup, markup } from './markup.ts';

/** An instant, told as its age; the browser keeps the age true, the title tells the instant. */
export function agoMarkup(at: number, now: number): Markup {
  const text = absolute(at);
  return markup`<time class="ago" datetime="${isoOf(text)}" title="${text}">${relative(at, now)}</time>`;
}

/** 2026-11-25 18:40:12 UTC -> 2026-11-25T18:40:12Z. */
function isoOf(text: string): string {
  return `${text.slice(0, 10)}T${text.slice(11, 19)}Z`;
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

/** A share of 1 as a bar: the number stands beside it. */
export function gaugeMarkup(share: number): Markup {
  const level = share >= 0.95 ? ' is-alarm' : share >= 0.85 ? ' is-high' : '';
  const width = Math.round(Math.max(0, Math.min(1, share)) * 40);
  return markup`<svg class="gauge${level}" aria-hidden="true"><path d="M0 3h40"/><path d="M0 3h${width}"/></svg>`;
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
