// Passkeys: the browser's half of the ceremony. Where it can't, the forms beside do without.
(() => {
  if (typeof PublicKeyCredential?.parseRequestOptionsFromJSON !== 'function') return;

  async function ask(address, body) {
    const response = await fetch(address, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer = await response.json();
    if (!response.ok)
      throw Object.assign(new Error(`${answer.message} ${answer.fix}`), { code: answer.code });
    return answer;
  }

  const acts = {
    async use({ next }) {
      const options = await ask('/auth/passkey/generate-authenticate-options');
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
      publicKey.userVerification = 'required';
      const credential = await navigator.credentials.get({ publicKey });
      await ask('/auth/passkey/verify-authentication', { response: credential.toJSON() });
      location.assign(next);
    },
    async add({ base }, name) {
      const options = await ask(`${base}/auth/passkey/generate-register-options`);
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
      const credential = await navigator.credentials.create({ publicKey });
      await ask(`${base}/auth/passkey/verify-registration`, { response: credential.toJSON(), name });
      location.reload();
    },
  };

  for (const place of document.querySelectorAll('[data-passkey]')) {
    const told = place.querySelector('[role="alert"]');
    place.hidden = false;
    place.querySelector('button').addEventListener('click', () => {
      told.hidden = true;
      acts[place.dataset.passkey](place.dataset, place.querySelector('input')?.value).catch((error) => {
        if (error.code === 'confirm_first') {
          location.assign(`${place.dataset.base}/confirm?next=${encodeURIComponent(location.pathname)}`);
          return;
        }
        told.textContent =
          error.name === 'NotAllowedError'
            ? 'The browser did not use a passkey: nothing changed.'
            : error.message;
        told.hidden = false;
      });
    });
  }
})();
