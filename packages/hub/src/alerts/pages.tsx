import type { Child } from 'hono/jsx';
import { Tabs } from '../console/parts.tsx';
import { href } from '../console/scope.ts';

const TABS = [
  { id: 'open', path: '/alerts', word: 'Open' },
  { id: 'history', path: '/alerts/history', word: 'History' },
  { id: 'rules', path: '/alerts/rules', word: 'Rules' },
  { id: 'channels', path: '/alerts/channels', word: 'Channels' },
  { id: 'maintenance', path: '/alerts/maintenance', word: 'Maintenance' },
  { id: 'deliveries', path: '/alerts/deliveries', word: 'Deliveries' },
] as const;
export type AlertTab = (typeof TABS)[number]['id'];

/** The frame of all pages of alerts. */
export function AlertPage({ tab, aside, children }: { tab: AlertTab; aside?: Child; children?: Child }) {
  return (
    <article class="alerts">
      <header class="title">
        <h1>Alerts</h1>
        {aside && <p class="panel-aside">{aside}</p>}
      </header>
      <Tabs
        label="Alerts"
        active={tab}
        tabs={TABS.map(({ id, path, word }) => ({ id, word, href: href(path) }))}
      />
      {children}
    </article>
  );
}

/** The way to older rows. */
export function Older({
  path,
  query,
  next,
}: {
  path: string;
  query: Record<string, string>;
  next: number | undefined;
}) {
  if (next === undefined) return null;
  const parameters = new URLSearchParams({ ...query, before: String(next) });
  return (
    <nav class="pager" aria-label="Pages">
      <a rel="next" href={href(`${path}?${parameters}`)}>
        Older
      </a>
    </nav>
  );
}
