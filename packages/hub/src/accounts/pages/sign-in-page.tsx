import type { Child } from 'hono/jsx';
import { control, type Faults, Field, type Typed, typedOf } from '../../console/form.tsx';
import { PASSWORD_LENGTH } from '../auth.ts';

/** What the forms of this file have in common. */
export interface FormState {
  readonly typed?: Typed | undefined;
  readonly faults?: Faults | undefined;
}

/** A page with one form, before anybody is signed in. */
export function Door({ title, children }: { title: string; children?: Child }) {
  return (
    <section class="door">
      <h1>{title}</h1>
      {children}
    </section>
  );
}

export function Warning({ children }: { children?: Child }) {
  return (
    <p class="warning" role="alert">
      {children}
    </p>
  );
}

function Next({ next }: { next: string }) {
  return <input type="hidden" name="next" value={next} />;
}

export function EmailField({ typed, faults = {} }: FormState) {
  return (
    <Field name="email" label="E-mail" fault={faults['email']}>
      <input
        {...control('email', faults['email'])}
        type="email"
        value={typedOf(typed, 'email')}
        required
        maxlength={254}
        autocomplete="username webauthn"
      />
    </Field>
  );
}

export function PasswordField({
  faults = {},
  name = 'password',
  label = 'Password',
  chosen = false,
}: FormState & { name?: string; label?: string; chosen?: boolean }) {
  return (
    <Field
      name={name}
      label={label}
      fault={faults[name]}
      hint={chosen ? `At least ${PASSWORD_LENGTH.least} characters; several words are best.` : undefined}
    >
      <input
        {...control(name, faults[name], chosen)}
        type="password"
        required
        minlength={chosen ? PASSWORD_LENGTH.least : undefined}
        maxlength={PASSWORD_LENGTH.most}
        autocomplete={chosen ? 'new-password' : 'current-password'}
      />
    </Field>
  );
}

/** Shown by script, where the browser can. */
export function PasskeyButton({ next, word = 'Use a passkey' }: { next: string; word?: string }) {
  return (
    <div class="passkey" data-passkey="use" data-next={next} hidden>
      <p class="or">or</p>
      <button type="button" class="quiet">
        {word}
      </button>
      <p class="field-fault" role="alert" hidden />
    </div>
  );
}

const TOLD = {
  failed: 'That link does not work: it was used already, is too old, or a newer one replaced it.',
  reset: 'The password is set. Sign in with it.',
} as const;
export type Told = keyof typeof TOLD;

export function isTold(text: string): text is Told {
  return Object.hasOwn(TOLD, text);
}

export function SignInPage({
  next,
  told,
  signUp,
  waiting,
  typed,
  faults = {},
}: FormState & { next: string; told: Told | undefined; signUp: boolean; waiting: boolean }) {
  return (
    <Door title="Sign in">
      {told === 'failed' && <Warning>{TOLD.failed}</Warning>}
      {told !== undefined && told !== 'failed' && (
        <p class="told" role="status">
          {TOLD[told]}
        </p>
      )}
      {waiting && (
        <p class="told" role="status">
          Nobody has signed in to this hub yet. It printed a link for its first admin when it started: look at
          the first lines of its output.
        </p>
      )}
      <form method="post" action="/sign-in/password" class="form">
        {faults[''] !== undefined && <Warning>{faults['']}</Warning>}
        <Next next={next} />
        <EmailField typed={typed} faults={faults} />
        <PasswordField faults={faults} />
        <button type="submit" class="primary">
          Sign in
        </button>
      </form>
      <PasskeyButton next={next} />
      <ul class="door-ways">
        <li>
          <a href="/forgot">Forgot the password?</a>
        </li>
        {signUp && (
          <li>
            <a href="/sign-up">Make an account</a>
          </li>
        )}
      </ul>
      <p class="field-hint">
        Locked out? Whoever has a shell on the hub's machine makes a link that signs in once:{' '}
        <code>stoa-hub login-link</code>
      </p>
    </Door>
  );
}

export function CodePage({ next, faults = {} }: FormState & { next: string }) {
  return (
    <Door title="Second step">
      <form method="post" action="/sign-in/code" class="form">
        {faults[''] !== undefined && <Warning>{faults['']}</Warning>}
        <Next next={next} />
        <Field
          name="code"
          label="Code"
          hint="Six digits of your authenticator app, or one of your recovery codes."
          fault={faults['code']}
        >
          <input
            {...control('code', faults['code'], true)}
            required
            autofocus
            maxlength={20}
            autocomplete="one-time-code"
            spellcheck={false}
          />
        </Field>
        <button type="submit" class="primary">
          Go on
        </button>
      </form>
      <p>
        <a href="/sign-in">Start anew</a>
      </p>
    </Door>
  );
}

/** A link opens a form, and the form signs in: mail scanners and previews that fetch the link use nothing up. */
export function LinkPage({ link, next }: { link: string; next: string }) {
  return (
    <Door title="Sign in to this hub">
      <p>The link works once. You stay signed in on this browser for 30 days from your last visit.</p>
      <form method="post" action="/sign-in" class="form">
        <input type="hidden" name="link" value={link} />
        <Next next={next} />
        <button type="submit" class="primary" autofocus>
          Sign in
        </button>
      </form>
    </Door>
  );
}

export function ConfirmPage({ next, email, faults = {} }: FormState & { next: string; email: string }) {
  return (
    <Door title="Is it you?">
      <p>
        What you are about to do destroys something, changes an owner or shows a secret. It needs a proof that
        it is <strong>{email}</strong> who sits here, not older than five minutes.
      </p>
      <form method="post" class="form">
        {faults[''] !== undefined && <Warning>{faults['']}</Warning>}
        <Next next={next} />
        <input type="hidden" name="email" value={email} autocomplete="username" />
        <PasswordField faults={faults} />
        <button type="submit" class="primary">
          Confirm
        </button>
      </form>
      <PasskeyButton next={next} word="Confirm by passkey" />
      <p class="field-hint">
        No password yet? A new one-time link confirms as well: <code>stoa-hub login-link {email}</code>
      </p>
    </Door>
  );
}
