import { encode } from 'uqr';
import { control, type Faults, Field } from '../../console/form.tsx';
import { embed, Markup, markup } from '../../console/markup.ts';
import { Ago, Empty, Panel } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import { SettingsTabs } from '../../console/settings-tabs.tsx';
import type { Security } from '../security-store.ts';
import { PasswordField, Warning } from './sign-in-page.tsx';

/** What was just made and is shown this once. */
export interface Enrolment {
  readonly uri?: string;
  readonly codes?: readonly string[];
}

export interface SecurityView {
  readonly security: Security;
  readonly now: number;
  readonly sessionId: string;
  readonly enrolment?: Enrolment;
  /** Faults by form. */
  readonly faults?: Readonly<Record<string, Faults>>;
}

/** How one signs in: password, passkeys, second step, and where one is signed in. */
export function SecurityPage({ view }: { view: SecurityView }) {
  const { security, faults = {} } = view;
  return (
    <article class="settings">
      <header class="title">
        <h1>Settings</h1>
      </header>
      <SettingsTabs active="security" />
      <div class="stack">
        <Password has={security.hasPassword} faults={faults['password']} />
        <Passkeys view={view} />
        <SecondStep view={view} />
        <SessionList view={view} />
      </div>
    </article>
  );
}

function Password({ has, faults = {} }: { has: boolean; faults?: Faults | undefined }) {
  return (
    <Panel id="password" title="Password" aside={has ? 'changing it signs out everybody else' : 'none yet'}>
      <form method="post" action={href('/settings/security/password')} class="form">
        {faults[''] !== undefined && <Warning>{faults['']}</Warning>}
        {has && <PasswordField name="current" label="Present password" faults={faults} />}
        <PasswordField faults={faults} label="New password" chosen />
        <div>
          <button type="submit" class="primary">
            {has ? 'Change the password' : 'Set a password'}
          </button>
        </div>
      </form>
    </Panel>
  );
}

function Passkeys({ view: { security, now } }: { view: SecurityView }) {
  return (
    <Panel id="passkeys" title="Passkeys" aside="sign in by fingerprint, face or security key">
      {security.passkeys.length === 0 ? (
        <Empty title="No passkey yet">
          <p>A passkey can't be phished or guessed, and needs no second step.</p>
        </Empty>
      ) : (
        <ul class="rows">
          {security.passkeys.map((key) => (
            <li>
              <strong>{key.name}</strong> <span class="sub">{key.backedUp ? 'synced' : 'on one device'}</span>
              {key.createdAt !== undefined && <Ago at={key.createdAt} now={now} />}
              <form method="post" action={href(`/settings/security/passkeys/${key.id}/remove`)}>
                <button type="submit" class="quiet" aria-label={`Remove ${key.name}`}>
                  Remove
                </button>
              </form>
            </li>
          ))}
        </ul>
      )}
      <div class="passkey" data-passkey="add" data-base={href('')} hidden>
        <Field name="passkey-name" label="Name of a new one">
          <input
            {...control('passkey-name', undefined)}
            maxlength={60}
            value="This device"
            autocomplete="off"
          />
        </Field>
        <button type="button" class="primary">
          Add a passkey
        </button>
        <p class="field-fault" role="alert" hidden />
      </div>
      <noscript>
        <p class="field-hint">Adding a passkey needs JavaScript: the browser's part of it is a script.</p>
      </noscript>
    </Panel>
  );
}

function SecondStep({ view: { security, enrolment, faults = {} } }: { view: SecurityView }) {
  const { twoFactor, hasPassword } = security;
  const wrong = faults['totp'] ?? {};
  return (
    <Panel
      id="totp"
      title="Second step"
      aside={twoFactor ? 'on: a code of your app after the password' : 'off'}
    >
      {wrong[''] !== undefined && <Warning>{wrong['']}</Warning>}
      {enrolment && <Enrol enrolment={enrolment} />}
      {!twoFactor && enrolment?.uri === undefined && !hasPassword && (
        <p class="field-hint">The second step follows a password: set one first.</p>
      )}
      {!twoFactor && (enrolment?.uri !== undefined || wrong['code'] !== undefined) && (
        <CodeForm faults={wrong} />
      )}
      {!twoFactor && enrolment?.uri === undefined && hasPassword && (
        <PasswordForm act="start" word="Set up an authenticator app" faults={wrong} />
      )}
      {twoFactor && (
        <div class="columns">
          <PasswordForm act="codes" word="Make new recovery codes" faults={wrong} />
          <PasswordForm act="off" word="Turn it off" faults={{}} />
        </div>
      )}
    </Panel>
  );
}

function PasswordForm({
  act,
  word,
  faults,
}: {
  act: 'start' | 'codes' | 'off';
  word: string;
  faults: Faults;
}) {
  const name = `password-${act}`;
  return (
    <form method="post" action={href(`/settings/security/totp/${act}`)} class="form">
      <PasswordField name={name} faults={{ ...(faults['password'] && { [name]: faults['password'] }) }} />
      <div>
        <button type="submit" class={act === 'start' ? 'primary' : ''}>
          {word}
        </button>
      </div>
    </form>
  );
}

function CodeForm({ faults }: { faults: Faults }) {
  return (
    <form method="post" action={href('/settings/security/totp/verify')} class="form">
      <Field name="code" label="Code that the app shows now" fault={faults['code']}>
        <input
          {...control('code', faults['code'])}
          required
          maxlength={10}
          inputmode="numeric"
          autocomplete="one-time-code"
        />
      </Field>
      <div>
        <button type="submit" class="primary">
          Turn it on
        </button>
      </div>
    </form>
  );
}

function Enrol({ enrolment: { uri, codes = [] } }: { enrolment: Enrolment }) {
  return (
    <section class="secret-once" role="status" aria-label="Shown this once">
      {uri !== undefined && (
        <>
          <p>Scan this with your authenticator app, or type the secret into it.</p>
          {embed(qrMarkup(uri))}
          <p>
            <code>{new URL(uri).searchParams.get('secret')}</code>
          </p>
        </>
      )}
      {codes.length > 0 && (
        <>
          <p>
            <strong>Recovery codes</strong>, for when the app is lost. Each works once. Keep them where the
            app is not: they are shown this once.
          </p>
          <ul class="codes">
            {codes.map((code) => (
              <li>
                <code>{code}</code>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** A QR code as one path; always dark on light, or cameras can't read it. */
function qrMarkup(text: string): Markup {
  const { data, size } = encode(text, { border: 3 });
  const squares = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return markup`<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="QR code of the secret" shape-rendering="crispEdges"><rect width="${size}" height="${size}" class="qr-light"/><path class="qr-dark" d="${new Markup(squares.join(''))}"/></svg>`;
}

function SessionList({ view: { security, now, sessionId } }: { view: SecurityView }) {
  return (
    <Panel id="sessions" title="Signed in" aside="browsers in which this account is signed in">
      <ul class="rows">
        {security.sessions.map((session) => (
          <li>
            <strong>{browserOf(session.userAgent)}</strong>{' '}
            <span class="sub">{session.address || 'address not known'}</span>
            <Ago at={session.usedAt} now={now} />
            {session.id === sessionId ? (
              <span class="mark">this one</span>
            ) : (
              <form method="post" action={href(`/settings/security/sessions/${session.id}/end`)}>
                <button type="submit" class="quiet">
                  Sign out
                </button>
              </form>
            )}
          </li>
        ))}
      </ul>
      {security.sessions.length > 1 && (
        <form method="post" action={href('/settings/security/sessions/end-others')}>
          <button type="submit">Sign out everywhere else</button>
        </form>
      )}
    </Panel>
  );
}

/** Enough to tell one's browsers apart. */
function browserOf(userAgent: string): string {
  const [, browser] = /(Firefox|Edg|OPR|Chrome|Safari|curl)/.exec(userAgent) ?? [];
  const [, system] = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(userAgent) ?? [];
  const name = browser === 'Edg' ? 'Edge' : browser === 'OPR' ? 'Opera' : (browser ?? 'Unknown browser');
  return system === undefined ? name : `${name} on ${system.replace('Mac OS X', 'macOS')}`;
}
