import { absolute } from '../console/format.ts';
import { joined, type Markup, markup } from '../console/markup.ts';
import type { Level } from './schema.ts';
import type { Draft } from './store.ts';

export const LEVELS: Readonly<Record<Level, string>> = {
  info: 'News',
  caution: 'Please read',
  urgent: 'Urgent',
};

/** Above every page of those whom it concerns. What admins wrote is text: no markup in it lives. */
export function banners(current: readonly Draft[]): Markup | undefined {
  return joined(
    current.map(
      ({ level, body, endsAt }) =>
        markup`<div class="announcement is-${level}" role="note"><p><strong>${LEVELS[level]}.</strong> ${body}</p><p class="announcement-until">until ${absolute(endsAt)}</p></div>`,
    ),
  );
}
