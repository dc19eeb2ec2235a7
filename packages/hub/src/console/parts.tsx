import type { Child } from 'hono/jsx';
import { absolute, relative } from './format.ts';

/** An instant, told as its age; the browser keeps the age true, the title tells the instant. */
export function Ago({ at, now }: { at: number; now: number }) {
  return (
    <time class="ago" datetime={new Date(at).toISOString()} title={absolute(at)}>
      {relative(at, now)}
    </time>
  );
}

/** What isn't known: never an empty cell, which could be a fault of the page. */
export function Unknown({ why = 'not known' }: { why?: string }) {
  return (
    <span class="unknown" title={why}>
      –
    </span>
  );
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

/** A share of 1 as a bar: the number stands beside it. */
export function Bar({ share, warn = 0.85, alarm = 0.95 }: { share: number; warn?: number; alarm?: number }) {
  const width = Math.max(0, Math.min(1, share)) * 40;
  const level = share >= alarm ? 'alarm' : share >= warn ? 'warn' : 'calm';
  return (
    <svg class={`bar-gauge ${level}`} viewBox="0 0 40 6" aria-hidden="true">
      <rect width="40" height="6" rx="1" class="track" />
      <rect width={width.toFixed(1)} height="6" rx="1" class="level" />
    </svg>
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
