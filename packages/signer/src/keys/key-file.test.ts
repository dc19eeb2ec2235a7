import { inspect } from 'node:util';
import { equalBytes, type Random, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SignerError } from '#error.ts';
import { createKeyFile, openKeyFile, readKeyFile, UnlockedKey } from '#keys/key-file.ts';
import { Secret } from '#keys/secret.ts';
import { createUnlockKeyFile, type Unlock, unlockWithKeyFile, unlockWithPassphrase } from '#keys/unlock.ts';
import { MemoryDisk } from '#memory-disk.fixture.ts';
import { seededRandom } from '#region.fixture.ts';

const CHEAP = { n: 2 ** 10, r: 8, p: 1 };
const PATH = '/keys/enrol.key';
/** Every bit, and what turns one white space or letter case into another. */
const CHANGES = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x03, 0x07, 0x2a];

async function keyOnDisk(by?: { unlock?: Unlock; random?: Random }) {
  const disk = new MemoryDisk();
  const random = by?.random ?? seededRandom('key file');
  const unlock = by?.unlock ?? (await createUnlockKeyFile('/unlock.key', { disk, random }));
  const place = { path: PATH, purpose: 'enrol', unlock, disk } as const;
  return { disk, random, place, key: await createKeyFile(place, { random }) };
}

describe('a sealed key', () => {
  test('opens with the key file that sealed it, as often as wanted', async () => {
    const { disk, place, key } = await keyOnDisk();
    const unlock = await unlockWithKeyFile('/unlock.key', disk);
    for (let time = 0; time < 2; time += 1) {
      const opened = await openKeyFile({ ...place, unlock });
      expect(opened.publicKey).toEqual(key.publicKey);
      expect(nodeCrypto.verify(key.publicKey, key.publicKey, opened.sign(key.publicKey))).toBe(true);
    }
  });

  test('opens with the passphrase that sealed it, and with no other', async () => {
    const { place, key } = await keyOnDisk({ unlock: unlockWithPassphrase('correct horse battery', CHEAP) });
    const opened = await openKeyFile({ ...place, unlock: unlockWithPassphrase('correct horse battery') });
    expect(opened.publicKey).toEqual(key.publicKey);
    const wrong = openKeyFile({ ...place, unlock: unlockWithPassphrase('correct horse stable') });
    await expect(wrong).rejects.toMatchObject({ code: 'key_locked', retry: false });
  });

  test('a passphrase typed in another Unicode form is the same', async () => {
    const { place } = await keyOnDisk({
      unlock: unlockWithPassphrase('caf\u00e9 caf\u00e9 caf\u00e9', CHEAP),
    });
    const decomposed = unlockWithPassphrase('cafe\u0301 cafe\u0301 cafe\u0301');
    expect(await openKeyFile({ ...place, unlock: decomposed })).toBeInstanceOf(UnlockedKey);
  });

  test('a passphrase does not open what a key file sealed, and the error says so', async () => {
    const { place } = await keyOnDisk();
    const attempt = openKeyFile({ ...place, unlock: unlockWithPassphrase('correct horse battery') });
    await expect(attempt).rejects.toThrow(/sealed with a key file, a passphrase was given/);
  });

  test('a short passphrase is refused before anything is made', () => {
    expect(() => unlockWithPassphrase('short')).toThrow(/5 bytes: take 12 or more/);
  });

  test('every changed byte is detected', async () => {
    const { disk, place } = await keyOnDisk();
    const whole = Uint8Array.from(disk.bytes(PATH));
    for (let at = 0; at < whole.length; at += 1) {
      for (const change of CHANGES) {
        const changed = Uint8Array.from(whole);
        changed[at] = whole[at]! ^ change;
        disk.set(PATH, changed);
        await expect(openKeyFile(place), `byte ${at} ^ ${change}`).rejects.toMatchObject({
          code: expect.stringMatching(/^key_(damaged|locked)$/),
        });
      }
    }
  });

  test('any other content is refused, never a crash', async () => {
    const { disk, place } = await keyOnDisk();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from)), async (content) => {
        disk.set(PATH, Uint8Array.from(content));
        await expect(openKeyFile(place)).rejects.toMatchObject({ code: 'key_damaged' });
      }),
    );
  });

  test('a file that asks for too much memory is refused before it gets any', async () => {
    const { disk, place } = await keyOnDisk({ unlock: unlockWithPassphrase('correct horse battery', CHEAP) });
    const text = Buffer.from(disk.bytes(PATH))
      .toString()
      .replace('"n": 1024', `"n": ${2 ** 23}`);
    disk.set(PATH, Buffer.from(text));
    await expect(openKeyFile(place)).rejects.toThrow(/asks for \d+ bytes of memory/);
  });

  test('a key of another purpose is refused', async () => {
    const { place } = await keyOnDisk();
    const attempt = openKeyFile({ ...place, purpose: 'authority' });
    await expect(attempt).rejects.toThrow(/holds the enrol key, the authority key is expected/);
  });

  test('the purpose written in a file is sealed in: another one does not open', async () => {
    const { disk, place } = await keyOnDisk();
    const text = Buffer.from(disk.bytes(PATH)).toString().replace('"enrol"', '"authority"');
    disk.set(PATH, Buffer.from(text));
    const attempt = openKeyFile({ ...place, purpose: 'authority' });
    await expect(attempt).rejects.toMatchObject({ code: 'key_locked' });
  });

  test('mode: other accounts may not read it, and the error names chmod', async () => {
    const { disk, place } = await keyOnDisk();
    for (const mode of [0o640, 0o604, 0o660, 0o777]) {
      disk.files.get(PATH)!.mode = mode;
      await expect(readKeyFile(PATH, disk)).rejects.toThrow(/chmod 600 \/keys\/enrol\.key/);
      await expect(openKeyFile(place)).rejects.toMatchObject({ code: 'key_exposed' });
    }
  });

  test('is never overwritten: refused, or with force kept under a new name', async () => {
    const { disk, random, place } = await keyOnDisk();
    const first = Uint8Array.from(disk.bytes(PATH));
    await expect(createKeyFile(place, { random })).rejects.toMatchObject({ code: 'key_exists' });
    const second = await createKeyFile(place, { random, force: true });
    await createKeyFile(place, { random, force: true });
    expect(equalBytes(disk.bytes(`${PATH}.1`), first)).toBe(true);
    const kept = await openKeyFile({ ...place, path: `${PATH}.2` });
    expect(kept.publicKey).toEqual(second.publicKey);
  });

  test('a cut-off making leaves no key or a whole one', async () => {
    for (let steps = 0; steps < 4; steps += 1) {
      const { disk, random, place } = await keyOnDisk();
      const path = '/keys/new.key';
      disk.crashAfter(steps);
      const made = await createKeyFile({ ...place, path }, { random }).catch(() => undefined);
      disk.restart();
      const found = await disk.stat(path);
      if (made !== undefined || found !== undefined)
        expect(await openKeyFile({ ...place, path })).toBeInstanceOf(UnlockedKey);
      else expect(found).toBeUndefined();
    }
  });
});

describe('private material', () => {
  const seed = seededRandom('to be hidden')(32);
  const prints = (value: unknown): string[] => [
    inspect(value, { depth: 10, showHidden: true }),
    JSON.stringify({ value }),
    String(value),
    `${value}`,
    Object.entries(value as object).join(),
  ];
  const forms = [
    toHex(seed),
    Buffer.from(seed).toString('base64'),
    [...seed].join(', '),
    [...seed].join(','),
  ];

  test('of an opened key is in no print', () => {
    const key = new UnlockedKey('root', Uint8Array.from(seed));
    for (const print of prints(key)) for (const form of forms) expect(print).not.toContain(form);
    expect(inspect(key)).toBe(`<root key ${toHex(key.publicKey)}>`);
    expect(JSON.parse(JSON.stringify(key))).toEqual({ purpose: 'root', publicKey: toHex(key.publicKey) });
  });

  test('of a secret is in no print, and gone once destroyed', () => {
    const bytes = Uint8Array.from(seed);
    const secret = new Secret(bytes);
    for (const print of prints(secret)) for (const form of forms) expect(print).not.toContain(form);
    expect(inspect({ secret })).toBe('{ secret: [secret] }');
    secret.destroy();
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    expect(secret.use((left) => left.length)).toBe(0);
  });

  test('of a passphrase is in no error and no print of what holds it', async () => {
    const unlock = unlockWithPassphrase('correct horse battery', CHEAP);
    const { place } = await keyOnDisk({ unlock });
    const wrong = { ...place, unlock: unlockWithPassphrase('incorrect horse battery') };
    const error = await openKeyFile(wrong).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SignerError);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('horse');
    expect(inspect(wrong, { depth: 10, showHidden: true })).not.toContain('horse');
    expect(JSON.stringify(unlock)).not.toContain('horse');
  });

  test('the seed that a key was made of is overwritten', () => {
    const made = Uint8Array.from(seed);
    const key = new UnlockedKey('root', made);
    expect(made.every((byte) => byte === 0)).toBe(true);
    expect(key.publicKey).toEqual(nodeCrypto.signingKey(seed).publicKey);
  });
});

describe('the unlocking key file', () => {
  test('must have 32 bytes, mode 0600, and is never overwritten', async () => {
    const disk = new MemoryDisk();
    const random = seededRandom('unlock');
    await expect(unlockWithKeyFile('/u', disk)).rejects.toMatchObject({ code: 'file_missing' });
    await createUnlockKeyFile('/u', { disk, random });
    await expect(createUnlockKeyFile('/u', { disk, random })).rejects.toMatchObject({ code: 'key_exists' });
    disk.files.get('/u')!.mode = 0o644;
    await expect(unlockWithKeyFile('/u', disk)).rejects.toThrow(/chmod 600 \/u/);
    disk.files.get('/u')!.mode = 0o600;
    disk.set('/u', new Uint8Array(31));
    await expect(unlockWithKeyFile('/u', disk)).rejects.toThrow(/has 31 bytes \(expected 32\)/);
  });
});
