/*
 * The proof of a payout account. What is signed is built here from what the page shows, never taken from the hub as bytes:
 * a text that a person can read, and longer than any hash, so that no transaction can be slipped in.
 */
(() => {
  const form = document.querySelector('form[data-payout=prove]');
  const { usable, holds, signText } = globalThis.browserKeys;
  if (!form) return;

  const { account, email, region, nonce, expires } = form.dataset;
  const until = new Date(Number(expires) * 1_000).toISOString().slice(0, 19);
  const text = [
    'stoa/v1/payout-account',
    'I hold the key of this account, and let this person be paid to it. This moves nothing.',
    `account: ${account}`,
    `person: ${email}`,
    `region: ${region}`,
    `nonce: ${nonce}`,
    `expires: ${until}Z`,
  ]
    .map((line) => `${line}\n`)
    .join('');
  const shown = form.querySelector('[data-payout=text]');
  const step = form.querySelector('[data-payout=browser]');
  const button = step.querySelector('button');
  const status = step.querySelector('[role=status]');
  if (shown.textContent !== text) {
    form.querySelector('button[type=submit]').disabled = true;
    shown.textContent =
      'The hub shows another text than the one that belongs here. Sign nothing, and tell its admin.';
    return;
  }
  if (!usable || !account.startsWith('k:')) return;
  const publicKey = account.slice(2);

  async function act() {
    button.disabled = true;
    try {
      form.elements.signature.value = await signText(publicKey, text);
      form.elements.signature.dispatchEvent(new Event('input', { bubbles: true }));
      status.textContent = 'Signed. Send the form.';
    } catch (error) {
      status.textContent = `This browser can't: ${error.message}. Use the command.`;
    } finally {
      button.disabled = false;
    }
  }

  button.addEventListener('click', () => void act());
  void holds(publicKey).then((held) => {
    step.hidden = !held;
  });
})();
