/** How to get in: there are no passwords to forget, so the way is told. */
export function SignInPage({ failed }: { failed: boolean }) {
  return (
    <section class="notice">
      <h1>Sign in</h1>
      {failed && (
        <p class="warning" role="alert">
          That link does not work: it was used already, is older than 24 hours, or a newer one replaced it.
        </p>
      )}
      <p>This hub signs its admins in by one-time links. A link works once, within 24 hours.</p>
      <ul>
        <li>
          The hub prints one when it starts and nobody has signed in yet: look at its first lines of output.
        </li>
        <li>
          Whoever has a shell on the hub's machine makes one: <code>stoa-hub login-link</code>
        </li>
      </ul>
    </section>
  );
}

/** A link opens a form, and the form signs in: mail scanners and previews that fetch the link use nothing up. */
export function ConfirmPage({ link, next }: { link: string; next: string }) {
  return (
    <section class="notice">
      <h1>Sign in to this hub</h1>
      <p>The link works once. You stay signed in on this browser for 30 days from your last visit.</p>
      <form method="post" action="/sign-in">
        <input type="hidden" name="link" value={link} />
        <input type="hidden" name="next" value={next} />
        <button type="submit" class="primary" autofocus>
          Sign in
        </button>
      </form>
    </section>
  );
}
