import { createHash } from 'node:crypto';
import { concat, fromHex, utf8 } from '@stoa/protocol';
import { formatHeader, sealHeader, sealPieces } from '@stoa/protocol/archive';
import { nodeCrypto } from '@stoa/protocol/node';
import { beforeAll, describe, expect, test } from 'vitest';
import { Terminal } from '#cli/terminal.fixture.ts';

const UNLOCK = ['--key-file', '/unlock'];
const OPEN = ['owner-key', 'open-backup', '--archive', '/a.stoa-archive', ...UNLOCK];
const PLAIN = utf8('0/rocksDb/CURRENT and all the rest of the tar archive');
const NODE = nodeCrypto.signingKey(new Uint8Array(32).fill(3)).publicKey;

describe('a backup, where the key of its owner is', () => {
  let terminal: Terminal;
  let archive: Uint8Array;
  let sha256: string;

  beforeAll(async () => {
    terminal = new Terminal();
    const { publicKey } = await terminal.json('owner-key', 'init', '--file', '/owner.key', ...UNLOCK);
    await terminal.json('owner-key', 'init', '--file', '/other.key', ...UNLOCK);
    const contentKey = terminal.random(32);
    const recipients = [fromHex(String(publicKey)), NODE];
    const { random } = terminal;
    const header = sealHeader({ contentKey, recipients, snapshot: '17', node: NODE, pieceBytes: 16, random });
    const parts = [formatHeader(header)];
    for await (const piece of sealPieces(plain(), { contentKey, header })) parts.push(piece);
    archive = concat(...parts);
    sha256 = createHash('sha256').update(archive).digest('hex');
    terminal.disk.set('/a.stoa-archive', archive);
  });

  async function* plain() {
    yield PLAIN;
  }

  test('is verified, and opened', async () => {
    const whole = await terminal.json(...OPEN, '--file', '/owner.key', '--sha256', sha256);
    expect(whole).toMatchObject({ sha256, bytes: archive.length, snapshot: '17' });
    expect(terminal.disk.files.has('/db.tar')).toBe(false);
    const { code, text } = await terminal.run(...OPEN, '--file', '/owner.key', '--out', '/db.tar');
    expect([code, text]).toEqual([0, expect.stringContaining('whole: its tar archive is /db.tar')]);
    expect(Buffer.from(terminal.disk.bytes('/db.tar'))).toEqual(Buffer.from(PLAIN));
  });

  test('is not, where it was changed or cut, is another, or is sealed to others: nothing is written', async () => {
    const refused = async (words: string, ...args: string[]) => {
      const { code, text } = await terminal.run(...OPEN, '--out', '/no.tar', ...args);
      expect([code, text]).toEqual([1, expect.stringContaining(words)]);
      expect(terminal.disk.files.has('/no.tar')).toBe(false);
    };
    await refused('[archive_for_others]', '--file', '/other.key');
    await refused(
      `is ${sha256}, not ${'ab'.repeat(32)}`,
      '--file',
      '/owner.key',
      '--sha256',
      'ab'.repeat(32),
    );
    const changed = Uint8Array.from(archive);
    changed[archive.length - 20]! ^= 1;
    for (const bytes of [changed, archive.subarray(0, -18), archive.subarray(0, 40)]) {
      terminal.disk.set('/a.stoa-archive', bytes);
      await refused('[archive_damaged]', '--file', '/owner.key');
    }
    terminal.disk.set('/a.stoa-archive', archive);
    expect((await terminal.run(...OPEN, '--file', '/owner.key', '--sha256', 'zz')).code).toBe(2);
  });
});
