/*
 * Signs an order with the key that this browser holds. What is signed is built here from what the page says, never taken
 * from the hub as bytes.
 */
(() => {
  const CONTEXT = 'stoa/v1/order';
  const form = document.querySelector('form[data-order]');
  const { usable, holds, seal, unhex, joined, number, text } = globalThis.browserKeys;
  if (!form || !usable) return;

  const step = form.querySelector('[data-order-step=browser]');
  const button = step.querySelector('button');
  const status = step.querySelector('[role=status]');

  /** The protocol's hash: the first 32 bytes of SHA-512. */
  async function hashOf(value) {
    const digest = await crypto.subtle.digest('SHA-512', new TextEncoder().encode(value));
    return new Uint8Array(digest).slice(0, 32);
  }

  async function bodyOf(said) {
    return joined(
      unhex(said.order),
      text(said.region),
      text(said.kind),
      await hashOf(said.params),
      unhex(said.nodes),
      number(said.nodeCount, 4),
      number(said.maxAttempts, 2),
      text(said.signer),
      unhex(said.signerKey),
      number(said.issuedAt, 8),
      number(said.expiresAt, 8),
    );
  }

  async function sign() {
    button.disabled = true;
    try {
      const { dataset } = form;
      form.elements.signed.value = await seal(dataset.signerKey, CONTEXT, await bodyOf(dataset));
      form.elements.signed.dispatchEvent(new Event('input', { bubbles: true }));
      status.textContent = 'Signed. Send the form to give the order.';
    } catch (error) {
      status.textContent = `This browser can't: ${error.message}. Use stoa-hub key sign-order.`;
    } finally {
      button.disabled = false;
    }
  }

  button.addEventListener('click', () => void sign());

  async function reveal() {
    step.hidden = !(await holds(form.dataset.signerKey));
  }
  void reveal();
})();
