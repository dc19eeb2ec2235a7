import {
  fromBase64Url,
  fromHex,
  parseStatement,
  verifyOwnerKeyChange,
  verifyStatement,
} from '@stoa/protocol';
import { makeReleaseParties } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { peekRoot } from '@stoa/protocol/release';
import { describe, expect, test } from 'vitest';
import { ceremony, Terminal } from '#cli/terminal.fixture.ts';

const KEY = 'ab'.repeat(32);

const ROOT = ['--dir', '/root', '--key-file', '/unlock'];
const EU = ['--dir', '/eu', '--key-file', '/unlock'];

describe('the ceremony on two machines', () => {
  test('ends in a region that verifies, down to the fingerprint that root show prints', async () => {
    const terminal = await ceremony();
    const { rootFingerprint, root } = await terminal.json('root', 'show', '--dir', '/root');
    expect(rootFingerprint).toMatch(/^[0-9a-f]{64}$/);
    const { checks } = await terminal.json('verify', '--dir', '/eu', '--root', '/root');
    expect(checks).toHaveLength(7);
    expect((await terminal.run('verify', '--root', '/root')).text).toContain(String(root));
  });

  test('signs artefacts for nodes to install, journals that it did, and nothing that is no manifest', async () => {
    const terminal = await ceremony();
    const manifest = (root: string) => `stoa-agent 1.2.3\nreleases ${root}\nlinux-x64 ${KEY} 42\n`;
    await terminal.disk.writeAtomic('/build/manifest', manifest(KEY));
    await terminal.json('artefacts', 'sign', ...EU, '--artefacts', '/build');
    const statement = parseStatement(
      Buffer.from(await terminal.disk.readFile('/build/statement')).toString(),
    );
    const { rootFingerprint } = await terminal.json('root', 'show', '--dir', '/root');
    const policy = { rootFingerprint: fromHex(String(rootFingerprint)), region: 'eu' };
    expect(verifyStatement(statement, policy, nodeCrypto)).toEqual({
      version: '1.2.3',
      releaseRoot: { sha256: KEY, development: false },
      artefacts: [{ platform: 'linux-x64', sha256: KEY, size: 42 }],
    });
    expect(Buffer.from(await terminal.disk.readFile('/eu/journal')).toString()).toContain('artefacts-signed');
    await terminal.disk.writeAtomic('/build/manifest', 'rm -rf /\n');
    expect((await terminal.run('artefacts', 'sign', ...EU, '--artefacts', '/build')).code).toBe(1);

    const { root } = makeReleaseParties('artefacts');
    const place = async (named: string, beside: Uint8Array) => {
      await terminal.disk.writeAtomic('/build/manifest', manifest(named), 0o644);
      await terminal.disk.writeAtomic('/build/root.json', beside, 0o644);
    };
    const [real, development] = [root(), root({ development: true })];
    const hash = peekRoot(development).sha256;
    const refused = async () => {
      const { code, text } = await terminal.run('artefacts', 'sign', ...EU, '--artefacts', '/build');
      return [code, text];
    };
    await place(`${hash} development`, development);
    expect(await refused()).toEqual([1, expect.stringContaining('development keys')]);
    await terminal.json('artefacts', 'sign', ...EU, '--artefacts', '/build', '--development');
    // What is named must be what was built with: neither another root, nor one of development under a real one's mark.
    for (const [named, beside] of [
      [peekRoot(real).sha256, development],
      [hash, development],
    ] as const) {
      await place(named, beside);
      expect(await refused()).toEqual([1, expect.stringContaining('names the release root')]);
    }
    await place(peekRoot(real).sha256, real);
    await terminal.json('artefacts', 'sign', ...EU, '--artefacts', '/build');
  });

  test("makes an owner's key, shows it, and signs that the next one takes over", async () => {
    const terminal = new Terminal();
    const UNLOCK = ['--key-file', '/unlock'];
    const make = (file: string) => terminal.json('owner-key', 'init', '--file', file, ...UNLOCK);
    const held = await make('/owner.key');
    const next = await make('/next.key');
    expect(await terminal.json('owner-key', 'show', '--file', '/owner.key')).toEqual(held);
    expect((await terminal.disk.stat('/owner.key'))?.mode).toBe(0o600);
    const again = await terminal.run('owner-key', 'init', '--file', '/owner.key', ...UNLOCK);
    expect(again).toMatchObject({ code: 1, text: expect.stringContaining('[key_exists]') });
    const to = ['--owner', 'a@x.example', '--region', 'eu', '--serial', '2'];
    const sign = ['owner-key', 'sign-change', '--file', '/owner.key', ...UNLOCK, ...to];
    const { change } = await terminal.json(...sign, '--next', String(next['publicKey']));
    const standing = {
      owner: 'a@x.example',
      region: 'eu',
      serial: 1,
      publicKey: fromHex(String(held['publicKey'])),
    };
    const sealed = fromBase64Url(String(change));
    expect(verifyOwnerKeyChange(sealed, standing, nodeCrypto).next).toEqual(
      fromHex(String(next['publicKey'])),
    );
    expect((await terminal.run(...sign, '--next', `01${'00'.repeat(31)}`)).code).toBe(2);
    expect((await terminal.run(...sign, '--serial', '1', '--next', KEY)).code).toBe(2);
  });

  test('registers, lists and retires instances', async () => {
    const terminal = await ceremony();
    expect((await terminal.run('instance', 'list', '--dir', '/eu')).text).toBe('no instance is registered\n');
    await terminal.json('instance', 'register', ...EU, '--instance', 'hub-1', '--public-key', KEY);
    expect((await terminal.run('instance', 'list', '--dir', '/eu')).text).toContain(
      `hub-1  ${KEY}  since 2026-`,
    );
    await terminal.json('instance', 'retire', ...EU, '--instance', 'hub-1');
    expect(await terminal.json('instance', 'list', '--dir', '/eu')).toEqual({ instances: [] });
  });

  test('renews certificates with the keys that the root recorded', async () => {
    const terminal = await ceremony();
    terminal.clock.at += 86_400_000;
    const renew = ['--root', '/root', '--key-file', '/unlock', '--out', '/next', '--days', '90'];
    await terminal.json('region', 'renew', ...renew, '--region', 'eu');
    await terminal.json('region', 'install', ...EU, '--certificates', '/next');
    expect((await terminal.run('verify', '--dir', '/eu')).text).toContain('signed by the root, 90 days left');
    const unknown = await terminal.run('region', 'renew', ...renew, '--region', 'na');
    expect(unknown).toMatchObject({
      code: 1,
      text: expect.stringContaining("has not certified a region 'na'"),
    });
  });

  test('signs a revocation that the root records', async () => {
    const terminal = await ceremony();
    const { revocation } = await terminal.json('root', 'revoke', ...ROOT, '--node', KEY);
    expect(String(revocation).length).toBeGreaterThan(100);
    expect((await terminal.run('verify', '--root', '/root')).text).toContain('root journal: 3 entries');
  });
});

describe('a passphrase', () => {
  test('is asked twice for new keys, once to open, and a difference makes nothing', async () => {
    const terminal = new Terminal();
    terminal.answers = ['correct horse battery', 'correct horse batteri'];
    const differ = await terminal.run('root', 'init', '--dir', '/root');
    expect(differ).toMatchObject({ code: 2, text: expect.stringContaining('the two passphrases differ') });
    expect(terminal.disk.files.size).toBe(0);
    terminal.answers = ['correct horse battery', 'correct horse battery'];
    expect(await terminal.run('root', 'init', '--dir', '/root')).toMatchObject({ code: 0 });
    terminal.answers = ['wrong horse battery'];
    const wrong = await terminal.run('root', 'revoke', '--dir', '/root', '--node', KEY);
    expect(wrong).toMatchObject({ code: 1, text: expect.stringContaining('[key_locked]') });
    expect(wrong.text).not.toContain('horse');
  });

  test('comes from a private file or from standard input', async () => {
    const terminal = new Terminal();
    terminal.disk.set('/pass', Buffer.from('correct horse battery\n'));
    await terminal.json('root', 'init', '--dir', '/root', '--passphrase-file', '/pass');
    terminal.stdin = 'correct horse battery\r\n';
    await terminal.json('root', 'revoke', '--dir', '/root', '--passphrase-stdin', '--node', KEY);
    terminal.disk.files.get('/pass')!.mode = 0o644;
    const exposed = await terminal.run('root', 'init', '--dir', '/r2', '--passphrase-file', '/pass');
    expect(exposed).toMatchObject({ code: 1, text: expect.stringContaining('chmod 600 /pass') });
  });

  test('cannot be given in an argument', async () => {
    const attempt = await new Terminal().run('root', 'init', '--dir', '/root', '--passphrase', 'secret');
    expect(attempt).toMatchObject({
      code: 2,
      text: expect.stringContaining("unknown option '--passphrase'"),
    });
  });
});

describe('a command called wrongly', () => {
  test.for<[string[], string]>([
    [['bogus'], "unknown command 'bogus'"],
    [['root', 'init'], "required option '--dir <path>' not specified\n(see 'signer root init --help')"],
    [['root', 'init', '--dir', '/root'], 'no way to open the keys'],
    [['serve', '--dir', '/eu', '--key-file', '/a', '--passphrase-stdin'], 'give one of --key-file'],
    [['serve', '--dir', '/eu', '--socket', '/s', '--listen-fd', '3'], 'give one of --socket and --listen-fd'],
    [['serve', '--dir', '/eu', '--listen-fd', 'x'], "--listen-fd is 'x' (expected 3 to 9)"],
    [['verify'], 'give --dir, --root or both'],
    [['instance', 'register', ...EU, '--instance', 'h', '--public-key', 'zz'], "--public-key is 'zz'"],
    [['root', 'revoke', ...ROOT, '--node', 'zz'], "'zz' is no node id"],
    [['development', '--dir', '/d', '--instance', 'hub-1'], '(expected NAME=PUBLICKEY'],
  ])('%j exits with 2 and says what was expected', async ([args, message]) => {
    const { code, text } = await new Terminal().run(...args);
    expect(text).toContain(message);
    expect(code).toBe(2);
  });

  test.for(['0', '1.5', 'x', '-3'])('--days %s is refused', async (days) => {
    const terminal = await ceremony();
    const renew = ['--root', '/root', '--key-file', '/unlock', '--out', '/next', `--days=${days}`];
    expect((await terminal.run('region', 'renew', ...renew, '--region', 'eu')).code).toBe(2);
  });

  test('help is no mistake', async () => {
    const { code, text } = await new Terminal().run('serve', '--help');
    expect(code).toBe(0);
    expect(text).toContain('--socket <path>');
  });
});

describe('a command that fails', () => {
  test('exits with 1, with --json in JSON', async () => {
    const terminal = await ceremony();
    const again = await terminal.run('root', 'init', ...ROOT, '--json');
    expect(again.code).toBe(1);
    expect(JSON.parse(again.text)).toMatchObject({ code: 'key_exists', retry: false });
    expect((await terminal.run('root', 'init', ...ROOT, '--force')).code).toBe(0);
    expect(terminal.disk.files.has('/root/root.key.1')).toBe(true);
  });

  test('without its signer says how to start it', async () => {
    const { code, text } = await new Terminal().run('status', '--dir', '/nowhere');
    expect(code).toBe(1);
    expect(text).toContain("no signer answers at /nowhere/signer.sock: start it with 'signer serve'");
  });

  test('verify names the file and the line that were changed; journal restart goes on after', async () => {
    const terminal = await ceremony();
    const changed = Uint8Array.from(terminal.disk.bytes('/eu/journal'));
    changed[100] = changed[100]! ^ 1;
    expect((await terminal.run('journal', 'restart', '--dir', '/eu')).text).toContain('is intact');
    terminal.disk.set('/eu/journal', changed);
    const { code, text } = await terminal.run('verify', '--dir', '/eu');
    expect(code).toBe(1);
    expect(text).toMatch(/FAILED {2}journal: \/eu\/journal was changed or cut: line 1 /);
    await terminal.json('journal', 'restart', '--dir', '/eu');
    expect((await terminal.run('verify', '--dir', '/eu')).code).toBe(0);
    expect(terminal.disk.bytes('/eu/journal.1')).toEqual(changed);
  });

  test('verify finds exposed keys, ended certificates and a foreign root', async () => {
    const terminal = await ceremony();
    await terminal.json('root', 'init', '--dir', '/other', '--key-file', '/unlock');
    expect((await terminal.run('verify', '--dir', '/eu', '--root', '/other')).text).toContain(
      'FAILED  root of the certificates',
    );
    terminal.clock.at += 400 * 86_400_000;
    expect((await terminal.run('verify', '--dir', '/eu')).text).toContain(
      'FAILED  certificates: they ended on',
    );
    terminal.disk.files.get('/eu/keys/enrol.key')!.mode = 0o640;
    expect((await terminal.run('verify', '--dir', '/eu')).text).toMatch(/FAILED {2}keys: .*chmod 600/);
  });

  test('clock accept lets a signer go on that was silent for long', async () => {
    const terminal = await ceremony();
    terminal.clock.at += 30 * 86_400_000;
    const register = ['instance', 'register', ...EU, '--instance', 'hub-1', '--public-key', KEY];
    expect(await terminal.run(...register)).toMatchObject({
      code: 1,
      text: expect.stringContaining('[clock_leap]'),
    });
    await terminal.json('clock', 'accept', ...EU);
    expect((await terminal.run(...register)).code).toBe(0);
  });
});
