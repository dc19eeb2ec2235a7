import type { Evidence } from '#nodes/index.ts';
import { absolute } from '../console/format.ts';
import type { AlertNotice } from './course.ts';
import type { Notice } from './machine.ts';
import { pathOf, wordsOf } from './rule.ts';

/** How many notices of one owner in a minute are told each by itself. */
export const SINGLE_NOTICES = 5;
/** Named in a grouped message; the rest is counted. */
const NAMED = 20;

export interface MessageItem {
  readonly notice: Notice;
  readonly rule: string;
  readonly subject: string;
  readonly label: string;
  readonly evidence: readonly Evidence[];
}

/** What one delivery tells. Kept as JSON until it is delivered. */
export interface Message {
  readonly kind: 'alert' | 'group' | 'test' | 'confirm';
  /** When it was decided, milliseconds since 1970. */
  readonly at: number;
  readonly items: readonly MessageItem[];
  /** Of all notices, also those that are not named: `firing offline` -> 812. */
  readonly counts: Readonly<Record<string, number>>;
  /** Of `confirm`: the code to type. */
  readonly code?: string;
}

const itemOf = ({ notice, rule, subject, label, evidence }: AlertNotice): MessageItem => ({
  ...{ notice, rule, subject, label, evidence },
});

function countsOf(notices: readonly AlertNotice[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { notice, rule } of notices) {
    const key = `${notice} ${rule}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/** The notices of one owner as messages: each by itself while they are few, else together. @param told in the last minute. */
export function messagesOf(
  notices: readonly AlertNotice[],
  { told, at }: { told: number; at: number },
): Message[] {
  if (told + notices.length <= SINGLE_NOTICES)
    return notices.map((notice) => ({
      kind: 'alert',
      at,
      items: [itemOf(notice)],
      counts: countsOf([notice]),
    }));
  return [{ kind: 'group', at, items: notices.slice(0, NAMED).map(itemOf), counts: countsOf(notices) }];
}

/** A grouped message that waits takes more in. */
export function merge(held: Message, more: Message): Message {
  const counts: Record<string, number> = { ...held.counts };
  for (const [key, count] of Object.entries(more.counts)) counts[key] = (counts[key] ?? 0) + count;
  return { ...held, kind: 'group', items: [...held.items, ...more.items].slice(0, NAMED), counts };
}

export function totalOf({ counts }: Message): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

const SAYS: Readonly<Record<Notice, string>> = {
  firing: 'Alert',
  reminder: 'Still',
  recovered: 'Recovered',
};

/** One line: what a subject or the first line of a chat says. */
export function headline(message: Message): string {
  if (message.kind === 'test') return 'Test: this channel works';
  if (message.kind === 'confirm') return 'Confirm this address for alerts';
  const [item] = message.items;
  if (message.kind === 'alert' && item !== undefined)
    return `${SAYS[item.notice]}: ${item.label}: ${wordsOf(item.rule).word}`;
  const parts = Object.entries(message.counts).map(([key, count]) => {
    const [notice, rule] = key.split(' ') as [Notice, string];
    return `${count} × ${SAYS[notice].toLowerCase()} ${wordsOf(rule).word}`;
  });
  return `${totalOf(message)} notices: ${parts.join(', ')}`;
}

/** The whole in plain text. @param origin of the hub, for links. */
export function textOf(message: Message, origin: string): string {
  if (message.kind === 'test')
    return (
      'Somebody pressed Send test at the hub, and it arrived. Nothing is wrong.\n\n' +
      new URL('/alerts/channels', origin).href
    );
  if (message.kind === 'confirm')
    return `Type this code at ${new URL('/alerts/channels', origin).href}:\n\n${message.code ?? ''}\n\nIf you did not ask for it, do nothing: no alert will come.`;
  const items = message.items.map((item) => itemText(item, origin));
  const unnamed = totalOf(message) - message.items.length;
  return [...items, ...(unnamed > 0 ? [`… and ${unnamed} more.`] : []), new URL('/alerts', origin).href].join(
    '\n\n',
  );
}

function itemText({ notice, rule, subject, label, evidence }: MessageItem, origin: string): string {
  const words = wordsOf(rule);
  const facts = evidence.map(
    ({ name, value, at }) => `  ${name}: ${at === undefined ? value : absolute(at)}`,
  );
  const lines = [`${SAYS[notice]}: ${label}: ${words.word}`];
  if (notice !== 'recovered') lines.push(words.rule);
  lines.push(...facts);
  if (notice !== 'recovered' && words.change !== '') lines.push(`What would change it: ${words.change}`);
  const path = pathOf(rule, subject);
  if (path !== undefined) lines.push(new URL(path, origin).href);
  return lines.join('\n');
}
