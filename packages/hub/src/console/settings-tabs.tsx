import { Tabs } from './parts.tsx';
import { href } from './scope.ts';

const TABS = [
  { id: 'security', path: '/settings/security', word: 'Security' },
  { id: 'payout', path: '/settings/payout', word: 'Payout' },
  { id: 'api-keys', path: '/settings/api-keys', word: 'API keys' },
  { id: 'owner-key', path: '/settings/owner-key', word: 'Owner key' },
  { id: 'transfers', path: '/transfers', word: 'Transfers' },
] as const;

/** The pages of the settings; each belongs to the feature that it is about. */
export function SettingsTabs({ active }: { active: (typeof TABS)[number]['id'] }) {
  return (
    <Tabs
      label="Settings"
      tabs={TABS.map(({ id, path, word }) => ({ id, word, href: href(path) }))}
      active={active}
    />
  );
}
