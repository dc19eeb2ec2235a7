import { Act, control, type Faults, Field, FormFault, type Typed, typedOf } from '../console/form.tsx';
import { absolute } from '../console/format.ts';
import { Ago, Empty, Panel, Table, Unknown } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { SettingsTabs } from '../console/settings-tabs.tsx';
import { KEY_SCOPES, type KeyScope } from '../viewer.ts';
import { isWorking } from './api-keys.ts';
import type { ApiKey } from './store.ts';

/** Days that a key may live, as the form offers them. */
export const LIVES = ['7', '30', '90', '365'] as const;

const SCOPE_WORDS: Readonly<Record<KeyScope, string>> = {
  'nodes:read': 'see nodes',
  'nodes:write': 'tag nodes; to retire one takes a person',
  'tokens:write': 'make and revoke join tokens',
  'audit:read': 'read the audit log',
  'jobs:read': 'look at jobs, their logs and receipts',
  'jobs:write': 'submit, cancel and retry jobs',
};

/** What an account's programs use to sign in, and the form for one more. */
export function ApiKeysPage({
  keys,
  now,
  made,
  typed,
  faults = {},
}: {
  keys: readonly ApiKey[];
  now: number;
  made?: { text: string; name: string };
  typed?: Typed;
  faults?: Faults;
}) {
  return (
    <article class="settings">
      <header class="title">
        <h1>Settings</h1>
      </header>
      <SettingsTabs active="api-keys" />
      {made && <Made {...made} />}
      <div class="stack">
        <Panel id="keys" title="Your keys" aside="a program that shows one acts for you, within its scopes">
          {keys.length === 0 ? (
            <Empty title="No key yet">
              <p>
                Make one below, then try it:{' '}
                <code>curl -H 'Authorization: Bearer stoa_…' …/api/v1/nodes</code>
              </p>
            </Empty>
          ) : (
            <KeyTable keys={keys} now={now} />
          )}
        </Panel>
        <Panel id="new-key" title="Make a key" aside="needs that you signed in within five minutes">
          <NewKey {...{ typed, faults }} />
        </Panel>
      </div>
    </article>
  );
}

function Made({ text, name }: { text: string; name: string }) {
  return (
    <section class="secret-once" role="status" aria-label="The new key">
      <p>
        <strong>{name}</strong> is made. Copy it now: it is shown this once, and stored here as a hash only.
      </p>
      <p>
        <code>{text}</code>
      </p>
    </section>
  );
}

function KeyTable({ keys, now }: { keys: readonly ApiKey[]; now: number }) {
  return (
    <Table caption="API keys of this account" columns={['Name', 'Key', 'Scopes', 'Last used', 'Ends']} acts>
      {keys.map((key) => (
        <KeyRow apiKey={key} now={now} />
      ))}
    </Table>
  );
}

function KeyRow({ apiKey: key, now }: { apiKey: ApiKey; now: number }) {
  return (
    <tr>
      <th scope="row">{key.name}</th>
      <td>
        <code>stoa_{key.keyId}_…</code>
      </td>
      <td>{key.scopes.join(', ')}</td>
      <td>
        {key.lastUsedAt === undefined ? <Unknown why="never used" /> : <Ago at={key.lastUsedAt} now={now} />}
      </td>
      <td>{ending(key, now)}</td>
      <td>
        {isWorking(key, now) && (
          <Act path={`/settings/api-keys/${key.keyId}/revoke`} word="Revoke" label={`Revoke ${key.name}`} />
        )}
      </td>
    </tr>
  );
}

function ending(key: ApiKey, now: number): string {
  if (key.revokedAt !== undefined) return `revoked ${absolute(key.revokedAt)}`;
  return `${key.expiresAt <= now ? 'ended ' : ''}${absolute(key.expiresAt)}`;
}

function NewKey({ typed, faults }: { typed: Typed | undefined; faults: Faults }) {
  const chosen = [typed?.['scopes'] ?? (typed === undefined ? 'nodes:read' : [])].flat();
  const days = typedOf(typed, 'days') || '90';
  return (
    <form method="post" action={href('/settings/api-keys')} class="form">
      <FormFault faults={faults} />
      <Field name="name" label="Name" hint="Where it will be used." fault={faults['name']}>
        <input
          {...control('name', faults['name'], true)}
          value={typedOf(typed, 'name')}
          maxlength={60}
          required
          autocomplete="off"
        />
      </Field>
      <fieldset class="choices">
        <legend>What it may do</legend>
        {KEY_SCOPES.map((scope) => (
          <label class="choice">
            <input type="checkbox" name="scopes" value={scope} checked={chosen.includes(scope)} />
            <span>
              <code>{scope}</code> {SCOPE_WORDS[scope]}
            </span>
          </label>
        ))}
        {faults['scopes'] !== undefined && (
          <p class="field-fault" role="alert">
            {faults['scopes']}
          </p>
        )}
      </fieldset>
      <Field name="days" label="Good for" fault={faults['days']}>
        <select {...control('days', faults['days'])}>
          {LIVES.map((life) => (
            <option value={life} selected={life === days}>
              {life} days
            </option>
          ))}
        </select>
      </Field>
      <div>
        <button type="submit" class="primary">
          Make the key
        </button>
      </div>
    </form>
  );
}
