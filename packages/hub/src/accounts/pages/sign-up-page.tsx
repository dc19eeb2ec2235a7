import { Door, EmailField, type FormState, PasswordField, Warning } from './sign-in-page.tsx';

export function SignUpPage({ typed, faults = {} }: FormState) {
  return (
    <Door title="Make an account">
      <form method="post" action="/sign-up" class="form">
        {faults[''] !== undefined && <Warning>{faults['']}</Warning>}
        <EmailField typed={typed} faults={faults} />
        <button type="submit" class="primary">
          Send me a link
        </button>
      </form>
      <p>
        <a href="/sign-in">Sign in instead</a>
      </p>
    </Door>
  );
}

/** The same for everybody: whether there is an account is told by e-mail alone. */
export function CheckMailPage({ what }: { what: 'sign-up' | 'reset' }) {
  return (
    <Door title="Look into your e-mail">
      <p>
        {what === 'sign-up'
          ? 'We sent a message to that address. By the link in it you choose your password.'
          : 'If that address has an account, a message with a link is on its way to it.'}
      </p>
      <p>Nothing there within some minutes? Look among the spam, or ask whoever runs this hub.</p>
      <p>
        <a href="/sign-in">Back to sign-in</a>
      </p>
    </Door>
  );
}

export function ForgotPage({ typed, faults = {} }: FormState) {
  return (
    <Door title="Forgot the password">
      <form method="post" action="/forgot" class="form">
        <EmailField typed={typed} faults={faults} />
        <button type="submit" class="primary">
          Send a link
        </button>
      </form>
      <p>
        <a href="/sign-in">Back to sign-in</a>
      </p>
    </Door>
  );
}

export function ResetPage({ token, faults = {} }: FormState & { token: string }) {
  return (
    <Door title="Choose a password">
      <form method="post" action="/reset" class="form">
        {faults[''] !== undefined && <Warning>{faults['']}</Warning>}
        <input type="hidden" name="token" value={token} />
        <PasswordField faults={faults} label="New password" chosen />
        <button type="submit" class="primary">
          Set it
        </button>
      </form>
      <p class="field-hint">Whoever is signed in to the account by now is signed out.</p>
    </Door>
  );
}

export function ClosedPage() {
  return (
    <Door title="Sign-up is closed">
      <p>Accounts of this hub are made by its admins: ask one to invite you.</p>
      <p>
        <a href="/sign-in">Sign in</a>
      </p>
    </Door>
  );
}
