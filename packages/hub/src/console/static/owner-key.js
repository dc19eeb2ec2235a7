/*
 * Owner keys in the browser: made by WebCrypto so that no script can read the private half, kept in IndexedDB of this
 * site. What is signed is built here from what the page shows, never taken from the hub as bytes.
 */
(() => {
  const CONTEXT = 'stoa/v1/owner-key';
  const form = document.querySelector('form[data-owner-key]');
  const standing = document.querySelector('[data-owner-key=standing]');
  const canSign = globalThis.crypto?.subtle !== undefined && globalThis.indexedDB !== undefined;
  if (!form || !canSign) return;

  const step = form.querySelector('[data-owner-key=browser]');
  const button = step.querySelector('button');
  const status = step.querySelector('[role=status]');

  function asked(request) {
    return new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  async function inStore(mode, act) {
    const opening = indexedDB.open('stoa-owner-keys', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
    const database = await asked(opening);
    try {
      return await asked(act(database.transaction('keys', mode).objectStore('keys')));
    } finally {
      database.close();
    }
  }

  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const unhex = (text) => Uint8Array.from(text.match(/../g), (pair) => Number.parseInt(pair, 16));
  const base64url = (bytes) =>
    btoa(String.fromCharCode(...bytes))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '');

  function joined(...parts) {
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** @returns the public half in hex. The pair is stored before anybody hears of it. */
  async function makeKey() {
    const pair = await crypto.subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify']);
    const publicKey = hex(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
    await inStore('readwrite', (keys) => keys.put(pair.privateKey, publicKey));
    await navigator.storage?.persist?.();
    return publicKey;
  }

  /** As @stoa/protocol seals it: u16 length | body | signature over context 0 body. */
  async function sealChange(privateKey, { owner, region, serial, previous, next }) {
    const text = (value) => {
      const bytes = new TextEncoder().encode(value);
      return joined([bytes.length], bytes);
    };
    const number = new Uint8Array(4);
    new DataView(number.buffer).setUint32(0, serial);
    const body = joined(text(owner), text(region), number, unhex(previous), unhex(next));
    const said = joined(new TextEncoder().encode(`${CONTEXT}\0`), body);
    const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, said));
    return base64url(joined([body.length >> 8, body.length & 255], body, signature));
  }

  function fill(name, value) {
    form.elements[name].value = value;
    form.elements.madeIn.value = 'browser';
    form.elements[name].dispatchEvent(new Event('input', { bubbles: true }));
  }

  async function act() {
    const { ownerKey, owner, region, serial, previous } = form.dataset;
    if (ownerKey === 'first') {
      fill('publicKey', await makeKey());
      status.textContent = 'Made. Send the form to put it in force.';
      return;
    }
    const privateKey = await inStore('readonly', (keys) => keys.get(previous));
    const next = await makeKey();
    fill('change', await sealChange(privateKey, { owner, region, serial: Number(serial), previous, next }));
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
    const held = await inStore('readonly', (keys) => keys.count(form.dataset.previous));
    const here = standing.querySelector('[data-owner-key=here]');
    here.textContent =
      held > 0 ? 'Its private half is in this browser.' : 'Its private half is not in this browser.';
    here.hidden = false;
    step.hidden = held === 0;
  }
  void reveal();
})();
