/*
 * The page of an owner's key. What is signed is built here from what the page shows, never taken from the hub as bytes.
 */
(() => {
  const CONTEXT = 'stoa/v1/owner-key';
  const form = document.querySelector('form[data-owner-key]');
  const standing = document.querySelector('[data-owner-key=standing]');
  const { usable, make, holds, seal, unhex, joined, number, text } = globalThis.browserKeys;
  if (!form || !usable) return;

  const step = form.querySelector('[data-owner-key=browser]');
  const button = step.querySelector('button');
  const status = step.querySelector('[role=status]');

  function sealChange(publicKey, { owner, region, serial, previous, next }) {
    const body = joined(text(owner), text(region), number(serial, 4), unhex(previous), unhex(next));
    return seal(publicKey, CONTEXT, body);
  }

  function fill(name, value) {
    form.elements[name].value = value;
    form.elements.madeIn.value = 'browser';
    form.elements[name].dispatchEvent(new Event('input', { bubbles: true }));
  }

  async function act() {
    const { ownerKey, owner, region, serial, previous } = form.dataset;
    if (ownerKey === 'first') {
      fill('publicKey', await make());
      status.textContent = 'Made. Send the form to put it in force.';
      return;
    }
    const next = await make();
    fill('change', await sealChange(previous, { owner, region, serial: Number(serial), previous, next }));
    status.textContent = 'Made and signed. Send the form to put it in force.';
  }

  // What a person types is no key of this browser.
  form.addEventListener('input', (event) => {
    if (event.isTrusted) form.elements.madeIn.value = 'file';
  });

  async function actOnce() {
    button.disabled = true;
    try {
      await act();
    } catch (error) {
      status.textContent = `This browser can't: ${error.message}. Use stoa-hub key init.`;
    } finally {
      button.disabled = false;
    }
  }

  button.addEventListener('click', () => void actOnce());

  async function reveal() {
    if (form.dataset.ownerKey === 'first') {
      step.hidden = false;
      return;
    }
    const held = await holds(form.dataset.previous);
    const here = standing.querySelector('[data-owner-key=here]');
    here.textContent = held
      ? 'Its private half is in this browser.'
      : 'Its private half is not in this browser.';
    here.hidden = false;
    step.hidden = !held;
  }
  void reveal();
})();
