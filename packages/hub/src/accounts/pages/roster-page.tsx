import { control, type Faults, Field, type Typed } from '../../console/form.tsx';
import { number } from '../../console/format.ts';
import { Ago, Panel, Table, Unknown } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import { TIERS, type Tier, tiersFor, type Viewer } from '../../viewer.ts';
import type { RosterEntry } from '../roster-store.ts';
import { EmailField } from './sign-in-page.tsx';

export const TIER_WORDS: Readonly<Record<Tier, string>> = {
  ancient: 'Ancient Admin',
  modern: 'Modern Admin',
  baron: 'Baron',
  operator: 'Operator',
};

export interface RosterView {
  readonly viewer: Viewer;
  readonly entries: readonly RosterEntry[];
  readonly text: string;
  /** E-mail behind which the next page begins. */
  readonly next: string | undefined;
  readonly now: number;
  /** Whether the reader may change anything. */
  readonly rules: boolean;
  readonly invited?: { readonly email: string; readonly link: string };
  readonly fault?: string;
  readonly typed?: Typed;
  readonly faults?: Faults;
}

export function RosterPage({ view }: { view: RosterView }) {
  const { entries, text, next, rules, invited, fault } = view;
  return (
    <article class="settings">
      <header class="title">
        <h1>Accounts</h1>
        <form class="form-row" action={href('/admin/accounts')}>
          <label class="away" for="find">
            Find by e-mail
          </label>
          <span class="field">
            <input
              id="find"
              name="q"
              type="search"
              value={text}
              placeholder="Find by e-mail"
              maxlength={254}
            />
          </span>
        </form>
      </header>
      {fault !== undefined && (
        <p class="warning" role="alert">
          {fault}
        </p>
      )}
      {invited && (
        <section class="secret-once" role="status" aria-label="Invitation">
          <p>
            <strong>{invited.email}</strong> is invited by e-mail. The same link, should the mail not arrive;
            it works once, within 7 days:
          </p>
          <p>
            <code>{invited.link}</code>
          </p>
        </section>
      )}
      <div class="stack">
        <Panel id="roster" title="Who may sign in" aside={rules ? undefined : 'read only'}>
          <Table
            caption="Accounts by e-mail"
            columns={['E-mail', 'Tier', 'Signs in by', { word: 'Nodes', num: true }, 'Made', 'Last here']}
            acts={rules}
          >
            {entries.map((entry) => (
              <Row entry={entry} view={view} />
            ))}
          </Table>
          {next !== undefined && (
            <nav class="pager" aria-label="Pages">
              <a rel="next" href={href(`/admin/accounts?${new URLSearchParams({ q: text, after: next })}`)}>
                Next
              </a>
            </nav>
          )}
        </Panel>
        {rules && <Invite view={view} />}
      </div>
    </article>
  );
}

function Row({ entry, view: { viewer, now, rules } }: { entry: RosterEntry; view: RosterView }) {
  const { email, tier, confirmed, disabledAt, twoFactor, passkeys, nodes } = entry;
  const ways = [passkeys > 0 && 'passkey', twoFactor && 'second step'].filter(Boolean).join(', ');
  return (
    <tr>
      <th scope="row">
        {email}
        {!confirmed && <span class="sub">not confirmed yet</span>}
        {disabledAt !== undefined && (
          <span class="sub">
            disabled <Ago at={disabledAt} now={now} />
          </span>
        )}
      </th>
      <td>
        <TierCell email={email} tier={tier} choices={tiersFor(viewer, tier)} />
      </td>
      <td>{ways || 'password'}</td>
      <td class="num">{number(nodes)}</td>
      <td>
        <Ago at={entry.createdAt} now={now} />
      </td>
      <td>
        {entry.seenAt === undefined ? <Unknown why="not signed in" /> : <Ago at={entry.seenAt} now={now} />}
      </td>
      {rules && (
        <td>
          <form class="form-row" method="post" action={href('/admin/accounts/act')}>
            <input type="hidden" name="email" value={email} />
            <button
              type="submit"
              name="act"
              value="end-sessions"
              class="quiet"
              aria-label={`Sign out ${email}`}
            >
              Sign out
            </button>
            {disabledAt === undefined ? (
              <button type="submit" name="act" value="disable" class="quiet" aria-label={`Disable ${email}`}>
                Disable
              </button>
            ) : (
              <button type="submit" name="act" value="enable" class="quiet" aria-label={`Enable ${email}`}>
                Enable
              </button>
            )}
          </form>
        </td>
      )}
    </tr>
  );
}

function TierCell({ email, tier, choices }: { email: string; tier: Tier; choices: readonly Tier[] }) {
  if (choices.length === 0) return <>{TIER_WORDS[tier]}</>;
  if (choices.length === 1)
    return (
      <form class="form-row" method="post" action={href('/admin/accounts/tier')}>
        <input type="hidden" name="email" value={email} />
        <input type="hidden" name="tier" value={choices[0]} />
        {TIER_WORDS[tier]}{' '}
        <button type="submit" class="quiet" aria-label={`Revoke ${email}`}>
          Revoke
        </button>
      </form>
    );
  return (
    <form class="form-row" method="post" action={href('/admin/accounts/tier')}>
      <input type="hidden" name="email" value={email} />
      <select name="tier" aria-label={`Tier of ${email}`}>
        <TierOptions chosen={tier} />
      </select>
      <button type="submit" class="quiet" aria-label={`Change ${email}`}>
        Change
      </button>
    </form>
  );
}

function TierOptions({ chosen }: { chosen: string }) {
  return (
    <>
      {TIERS.map((tier) => (
        <option value={tier} selected={tier === chosen}>
          {TIER_WORDS[tier]}
        </option>
      ))}
    </>
  );
}

function Invite({ view: { typed, faults = {} } }: { view: RosterView }) {
  return (
    <Panel id="invite" title="Invite" aside="makes an account, and sends a link to choose its password">
      <form method="post" action={href('/admin/accounts/invite')} class="form">
        <EmailField typed={typed} faults={faults} />
        <Field name="tier" label="Tier" fault={faults['tier']}>
          <select {...control('tier', faults['tier'])}>
            <TierOptions chosen="operator" />
          </select>
        </Field>
        <div>
          <button type="submit" class="primary">
            Invite
          </button>
        </div>
      </form>
    </Panel>
  );
}
