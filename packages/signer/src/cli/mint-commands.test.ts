import { beforeEach, describe, expect, test } from 'vitest';
import { Terminal } from '#cli/terminal.fixture.ts';

const PLACE = ['--network', 'stoa', '--namespace', `n_${'ab'.repeat(20)}`, '--module', 'mint'];
const APPROVES = ['--network', 'stoa', '--contract', `n_${'ab'.repeat(20)}.mint`];
const UNLOCK = ['--key-file', '/unlock'];
const EPOCHS = Array.from({ length: 10 }, (_, chain) => 20_780 + (chain % 2));

let host: Terminal;

beforeEach(async () => {
  host = new Terminal();
  const people: string[] = [];
  for (const name of ['ann', 'ben']) {
    const { publicKey } = await host.json('mint', 'key', 'init', '--file', `/${name}.key`, ...UNLOCK);
    people.push(`${name}=${String(publicKey)}`);
  }
  const init = ['--dir', '/mint', ...PLACE, '--module-hash', 'm'.repeat(43), '--person', ...people];
  await host.json('mint', 'init', ...init, ...UNLOCK);
});

const approve = (name: string, ...what: string[]) =>
  host.json(
    ...['mint', 'approve', '--file', `/${name}.key`, '--name', name, ...UNLOCK, ...APPROVES],
    ...['--out', `/${name}.approval`, ...what],
  );

describe("the minter's commands", () => {
  test('make a key once, and name what is missing where mint.json is not as expected', async () => {
    const again = ['mint', 'init', '--dir', '/mint', ...PLACE, '--module-hash', 'm'.repeat(43), ...UNLOCK];
    const nobody = await host.run(...again);
    expect(nobody).toMatchObject({ code: 1, text: expect.stringContaining('approvers is []') });
    const twice = await host.run(...again, '--person', `eve=${'ee'.repeat(32)}`, '--people', '1');
    expect(twice).toMatchObject({ code: 1, text: expect.stringContaining('key_exists') });
    const wrong = await host.run(...again, '--person', 'eve=xyz');
    expect(wrong).toMatchObject({ code: 2, text: expect.stringContaining("--person is 'eve=xyz'") });
  });

  test('change the key, and say what has to follow', async () => {
    const { code, text } = await host.run('mint', 'rotate', '--dir', '/mint', ...UNLOCK);
    expect(text).toContain('governance names it');
    expect(code).toBe(0);
    expect(host.disk.files.has('/mint/keys/minter-2.key')).toBe(true);
  });

  test('start a lost journal anew on two approvals that came as files', async () => {
    for (const name of ['ann', 'ben']) await approve(name, '--restart', EPOCHS.join(','));
    const restart = (...approvals: string[]) =>
      host.run('mint', 'restart', '--dir', '/mint', '--approval', ...approvals, '--json');
    const intact = await restart('/ann.approval', '/ben.approval');
    expect(intact).toMatchObject({ code: 1, text: expect.stringContaining('is intact') });
    host.disk.files.delete('/mint/journal');
    const one = await restart('/ann.approval');
    expect(one).toMatchObject({ code: 1, text: expect.stringContaining('mint_plan_unapproved') });
    const { code, text } = await restart('/ann.approval', '/ben.approval');
    expect(code, text).toBe(0);
    expect(JSON.parse(text)).toEqual({ restarted: true, epochs: EPOCHS });
  });

  test('approve more enrolments of today', async () => {
    const day = Math.floor(host.clock.at / 86_400_000);
    expect(await approve('ann', '--enrolments', '50000')).toMatchObject({ day, slots: 50_000 });
  });

  test.for([
    [['--enrolments', '5', '--restart', '1'], 'give one of --evidence, --enrolments and --restart'],
    [['--restart', '1,2,3'], '--restart has 3 epochs'],
    [['--enrolments', '-5'], "'-5' is no whole number"],
    [['--enrolments', '5', '--auto'], '--auto approves plans alone'],
    [['--evidence', '/e'], '--evidence takes --region and --root'],
  ] as const)('approve nothing that was asked for wrongly: %j', async ([what, says]) => {
    const key = ['--file', '/ann.key', '--name', 'ann', ...UNLOCK, ...APPROVES, '--out', '/x'];
    const { code, text } = await host.run('mint', 'approve', ...key, ...what);
    expect(text).toContain(says);
    expect(code).toBe(2);
    expect(host.disk.files.has('/x')).toBe(false);
  });
});
