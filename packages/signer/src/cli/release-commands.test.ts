import { utf8 } from '@stoa/protocol';
import { verifyRoots, verifyTargets } from '@stoa/protocol/release';
import { beforeEach, describe, expect, test } from 'vitest';
import { Ceremony, ROOTS } from '#cli/ceremony.fixture.ts';
import { Terminal } from '#cli/terminal.fixture.ts';
import { START } from '#region.fixture.ts';

const KEY = 'ab'.repeat(32);
const DAY = 86_400_000;

describe('holders who sign a release', () => {
  let ceremony: Ceremony;

  beforeEach(async () => {
    ceremony = new Ceremony();
    await ceremony.begin();
  });

  test('each see on their own machine what is signed, and two make it valid', async () => {
    await ceremony.release('1.0.0', ['alice', 'bob']);
    ceremony.desk.disk.set('/notes', utf8('Faster.\n\u001b[2JNothing to see.'));
    const draft = await ceremony.draft('1.1.0', '--floor', '1.0.0', '--notes', '/notes', '--security');
    const { machine, args } = ceremony.signing('carol', draft, 'targets');
    const { code, text } = await machine.run(...args);
    expect(code, text).toBe(0);
    for (const line of [
      'release    1.1.0 (targets metadata 2), ends 2027-05-24',
      'previous   1.0.0 (targets metadata 1)',
      'floor      1.0.0, was 0.0.0: what is older runs for updating only',
      'security   yes: only a person halts its rollout',
      'notes      Faster.',
      '\ufffd[2JNothing to see.',
      '+ file     payload/1.1.0/linux-x64  26 bytes  ',
      '(Node 24.21.0, launcher 1.0.0 or newer)',
      '= file     payload/1.0.0/linux-x64',
      'signed by carol: /release-1.1.0-2.draft.carol',
    ])
      expect(text).toContain(line);
    expect(text).not.toContain('\u001b');
  });

  test('are told by verify, as a node judges', async () => {
    await ceremony.release('1.0.0', ['alice', 'carol']);
    const args = ['release', 'verify', '--roots', ROOTS, '--targets', `${ROOTS}/1.targets.json`];
    expect(await ceremony.desk.json(...args, '--build', '/build-1.0.0')).toMatchObject({
      release: '1.0.0',
      signers: ['alice', 'carol'],
      root: 1,
    });
    ceremony.desk.disk.set('/build-1.0.0/payload.cjs', utf8('changed'));
    const changed = await ceremony.desk.run(...args, '--build', '/build-1.0.0', '--json');
    expect([changed.code, JSON.parse(changed.text).code]).toEqual([1, 'draft_refused']);
    ceremony.desk.clock.at += 200 * DAY;
    const { code, text } = await ceremony.desk.run(...args);
    expect([code, text]).toEqual([1, expect.stringContaining('[expired]')]);
  });

  async function refused(name: string, draft: string, words: string, ...more: string[]): Promise<void> {
    const { machine, args } = ceremony.signing(name, draft, 'targets', ...more);
    const { code, text } = await machine.run(...args);
    expect([code, text]).toEqual([1, expect.stringContaining(words)]);
    expect(text).toContain('[draft_refused]');
  }

  test('sign one content for each version, and the same again as often as it was lost', async () => {
    const first = await ceremony.draft('1.0.0');
    await ceremony.sign('alice', first, 'targets');
    await ceremony.sign('alice', first, 'targets');
    const other = await ceremony.draft('1.0.1');
    await refused('alice', other, 'this key signed other content as version 1 at 2026-11-25T00:00:00.000Z');
    await refused('alice', other, 'pass --instead-of', '--instead-of', KEY);
    const shown = await ceremony.holder('alice').json('release', 'key', 'show', '--file', '/targets.key');
    const [{ sha256 }] = shown['signed'] as [{ sha256: string }];
    await ceremony.sign('alice', other, 'targets', '--instead-of', sha256);
    await refused('alice', await ceremony.draft('1.0.2'), 'this key signed other content as version 1');
  });

  test('sign no older draft, no expired one, and none that they have no part in', async () => {
    const old = await ceremony.draft('1.0.0');
    await ceremony.release('1.0.1', ['alice', 'bob']);
    await refused('alice', old, 'the draft is of targets metadata 1, 2 or more comes next: it is older');
    const draft = await ceremony.draft('1.1.0', '--days', '1');
    const dave = ceremony.holder('dave');
    await dave.makeKey('targets');
    await refused('dave', draft, 'has no part in targets 2');
    ceremony.holder('carol').clock.at += DAY;
    await refused('carol', draft, 'the draft ended at 2026-11-26T00:00:00.000Z');
    const { machine, args } = ceremony.signing('bob', draft, 'targets');
    const wrongKey = args.map((arg) => (arg === '/targets.key' ? '/root.key' : arg));
    expect((await machine.run(...wrongKey)).text).toContain('has no part in targets 2');
  });

  test('compare the draft with what they built themselves', async () => {
    const draft = await ceremony.draft('1.0.0');
    const bob = ceremony.holder('bob');
    const dir = ceremony.build('1.0.0', {}, bob);
    await ceremony.sign('bob', draft, 'targets', '--build', dir);
    bob.disk.set(`${dir}/payload.cjs`, utf8('something else'));
    await refused('bob', draft, 'nothing is signed: payload/1.0.0/linux-x64 is ', '--build', dir);
  });

  test('do not sign without the journal of the key', async () => {
    const draft = await ceremony.draft('1.0.0');
    const { machine, args } = ceremony.signing('alice', draft, 'targets');
    for (const name of ['/targets.key.journal', '/targets.key.journal.head']) machine.disk.files.delete(name);
    const { code, text } = await machine.run(...args);
    expect([code, text]).toEqual([1, expect.stringContaining('nobody knows what this key has signed')]);
  });

  async function combined(draft: string, ...signatures: string[]): Promise<string> {
    const out = ['--out', '/combined'];
    const args = ['release', 'combine', '--draft', draft, '--roots', ROOTS, '--signature', ...signatures];
    const { code, text } = await ceremony.desk.run(...args, ...out);
    expect(code).toBe(1);
    expect(ceremony.desk.disk.files.has('/combined')).toBe(false);
    return text;
  }

  test('are two: one alone, one twice, and signatures of other drafts make nothing', async () => {
    const draft = await ceremony.draft('1.0.0');
    const alice = await ceremony.sign('alice', draft, 'targets');
    expect(await combined(draft, alice)).toContain('signed by 1 of its keys, 2 are needed');
    expect(await combined(draft, alice, alice)).toContain('two signatures of alice: a key counts once');
    const other = await ceremony.draft('1.0.1');
    expect(await combined(other, alice)).toContain('the signature of alice is of another draft');
    const bob = await ceremony.sign('bob', draft, 'targets');
    const text = new TextDecoder().decode(ceremony.desk.disk.bytes(bob));
    ceremony.desk.disk.set('/forged', utf8(text.replace(/"signature": "../, '"signature": "00')));
    expect(await combined(draft, alice, '/forged')).toContain('signature of bob does not hold');
    ceremony.desk.disk.set('/torn', utf8(text.slice(0, 40)));
    expect(await combined(draft, alice, '/torn')).toContain('/torn is no signature');
  });

  test('a version that is out is never another', async () => {
    await ceremony.release('1.0.0', ['alice', 'bob']);
    const { desk } = ceremony;
    desk.disk.set('/build-1.0.0/payload.cjs', utf8('other'));
    const args = ['release', 'draft', '--roots', ROOTS, '--build', '/build-1.0.0', '--out', '/again.draft'];
    const again = await desk.run(...args, '--previous', `${ROOTS}/1.targets.json`);
    expect([again.code, again.text]).toEqual([
      1,
      expect.stringContaining('give the release another version'),
    ]);
    const lower = ['--previous', `${ROOTS}/1.targets.json`, '--build', ceremony.build('0.9.0')];
    const down = await desk.run(...args.slice(0, 4), ...lower, '--out', '/down.draft');
    expect(down.text).toContain('goes from 1.0.0 down to 0.9.0: only a root opens the way');
    const taken = await desk.run(
      ...args.slice(0, 4),
      '--build',
      ceremony.build('1.2.0'),
      '--out',
      `${ROOTS}/1.root.json`,
    );
    expect(taken.text).toContain('holds something else already');
  });
});

describe('a development directory', () => {
  test('is one command for the holders, and one for a release', async () => {
    const terminal = new Terminal();
    const { disk } = terminal;
    const dir = ['--development', '/dev'];
    expect(await terminal.json('release', 'root', 'init', ...dir)).toMatchObject({
      version: 1,
      development: true,
    });
    const online = ['--snapshot', KEY, '--timestamp', KEY];
    expect(await terminal.json('release', 'root', 'rotate', ...dir, ...online)).toMatchObject({ version: 2 });
    new Ceremony().build('1.0.0', {}, terminal);
    await terminal.json('release', 'draft', ...dir, '--build', '/build-1.0.0');
    const root = verifyRoots(disk.bytes('/dev/metadata/1.root.json'), [
      disk.bytes('/dev/metadata/2.root.json'),
    ]);
    const release = verifyTargets(root, disk.bytes('/build-1.0.0/metadata/1.targets.json'), { at: START });
    expect(release.release).toBe('1.0.0');
  });
});

describe('a release command called wrongly', () => {
  const three = ['a', 'b', 'c'].map((name) => `${name}=${KEY}`);
  test.for<[string[], string, number]>([
    [
      ['key', 'init', '--file', '/k', '--role', 'king'],
      "argument 'king' is invalid. Allowed choices are root, targets",
      2,
    ],
    [['root', 'init', '--out', '/d'], 'the role root has 0 holders (expected 3, of whom 2 sign)', 1],
    [
      ['root', 'init', '--root-holder', 'alice', '--out', '/d'],
      "--root-holder is 'alice' (expected NAME=PUBLICKEY",
      2,
    ],
    [
      ['root', 'init', '--root-holder', ...three, '--out', '/d'],
      'would have b twice: a threshold counts people',
      1,
    ],
    [['root', 'init', '--days', '0'], "--days is '0' (expected 1 to 3660)", 2],
    [['root', 'init', '--timestamp', 'xy'], "--timestamp is 'xy' (expected an Ed25519 public key", 2],
    [['root', 'rotate', '--out', '/d'], 'give --roots or --development', 2],
    [['root', 'rotate', '--roots', '/none', '--out', '/d'], "begin with 'signer release root init'", 1],
    [['root', 'rotate', '--floor', '1.0.0'], '--floor and --from-targets belong together', 2],
    [
      ['root', 'rotate', '--floor', '1.0', '--from-targets', '2'],
      "--floor is '1.0' (expected a version like",
      2,
    ],
    [['root', 'rotate', '--floor', '1.0.0', '--from-targets', 'x'], "--from-targets is 'x'", 2],
    [['draft', '--build', '/b'], 'give --roots or --development', 2],
    [['draft', '--development', '/d'], '--build is missing', 2],
    [['sign'], "required option '--draft <path>' not specified", 2],
    [['verify', '--roots', '/none', '--targets', '/t'], 'file_missing', 1],
  ])('%j says what was expected', async ([args, message, expected]) => {
    const { code, text } = await new Terminal().run('release', ...args);
    expect(text).toContain(message);
    expect(code).toBe(expected);
  });

  test('help tells the order of things', async () => {
    const { code, text } = await new Terminal().run('release', '--help');
    expect([code, text]).toEqual([0, expect.stringContaining('A ceremony:')]);
  });
});
