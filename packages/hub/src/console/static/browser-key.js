/*
 * Owner keys in the browser: WebCrypto keeps the private half from every script, IndexedDB of this site keeps the key.
 * For the pages that make keys and sign with them.
 */
globalThis.browserKeys = (() => {
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

  /** Numbers and texts as the codec of @stoa/protocol writes them: big-endian, a text of up to 255 bytes after its length. */
  function number(value, bytes) {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(value));
    return new Uint8Array(view.buffer).slice(8 - bytes);
  }
  function text(value) {
    const bytes = new TextEncoder().encode(value);
    return joined([bytes.length], bytes);
  }

  /** @returns the public half in hex. The pair is stored before anybody hears of it. */
  async function make() {
    const pair = await crypto.subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify']);
    const publicKey = hex(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
    await inStore('readwrite', (keys) => keys.put(pair.privateKey, publicKey));
    await navigator.storage?.persist?.();
    return publicKey;
  }

  async function holds(publicKey) {
    return (await inStore('readonly', (keys) => keys.count(publicKey))) > 0;
  }

  /** As @stoa/protocol seals it: u16 length | body | signature over context 0 body. */
  async function seal(publicKey, context, body) {
    const privateKey = await inStore('readonly', (keys) => keys.get(publicKey));
    const said = joined(new TextEncoder().encode(`${context}\0`), body);
    const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, said));
    return base64url(joined([body.length >> 8, body.length & 255], body, signature));
  }

  /** A text that its reader sees, as it stands. Shorter ones could be the hash of a transaction, and are never signed. */
  async function signText(publicKey, said) {
    const bytes = new TextEncoder().encode(said);
    if (bytes.length <= 32) throw new Error('the text is too short to be anything but a hash');
    const privateKey = await inStore('readonly', (keys) => keys.get(publicKey));
    return hex(new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, bytes)));
  }

  const usable = globalThis.crypto?.subtle !== undefined && globalThis.indexedDB !== undefined;
  return { usable, make, holds, seal, signText, unhex, joined, number, text };
})();
