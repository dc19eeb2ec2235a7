/** What an agent that was taken over tries with its updates, and what an honest one gets. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeExact, encode } from '@stoa/protocol';
import { makeReleaseParties } from '@stoa/protocol/fixtures';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Clock, createClock } from '#clock.ts';
import { type DeliveryChanges, type Installation, makeInstallation } from '#launcher/installation.fixture.ts';
import type { InstallCode, SlotInstaller, StagedRelease } from '#launcher/installer.ts';
import type { Launched } from '#launcher/launched.ts';
import { createRootInstaller } from '#launcher/root-installer.ts';
import type { SlotStore } from '#launcher/slot-store.ts';
import { installRequest } from '#root/install-wire.ts';
import { Installs } from '#root/installs.ts';
import { createRootServer } from '#root/server.ts';
import { formatFrame, ROOT_FRAME, readFrames, refusedReply } from '#root/wire.ts';
import { VirtualClock } from '#virtual-clock.ts';

const parties = makeReleaseParties('root-installs');
const code = (expected: InstallCode) => expect.objectContaining({ code: expected });

interface World extends Installation {
  readonly agent: SlotInstaller;
  readonly socketPath: string;
  readonly told: string[];
  readonly exchanged: () => number;
  /** As the agent hands it over: its file in a directory of the agent's. */
  release(version: string, changes?: DeliveryChanges): Promise<StagedRelease>;
}

async function world(store?: SlotStore | null, clock: Clock = createClock()): Promise<World> {
  const installation = makeInstallation(parties);
  const directory = mkdtempSync(join(tmpdir(), 'stoa-agent-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const socketPath = join(directory, 'root.sock');
  const told: string[] = [];
  let exchanged = 0;
  const onExchange = () => {
    exchanged += 1;
  };
  const server = createRootServer({
    clock,
    executor: { run: () => Promise.reject(new Error('no step is asked for')) },
    installs: store === null ? undefined : new Installs(store ?? installation.store(), onExchange),
    onBusy: () => undefined,
    onIdle: () => undefined,
    onRefusal: (refusal) => void told.push(refusal),
    onRun: () => undefined,
    onInstall: (what) => void told.push(what),
  });
  await new Promise<void>((resolve) => {
    server.listen(socketPath, resolve);
  });
  onTestFinished(() => void server.close());
  return {
    ...installation,
    agent: createRootInstaller({} as Launched, socketPath),
    socketPath,
    told,
    exchanged: () => exchanged,
    async release(version, changes) {
      const { bytes, ...delivery } = installation.delivery(version, changes);
      const chunks: Uint8Array[] = [];
      for await (const chunk of bytes) chunks.push(chunk);
      const file = join(directory, `file-${version}`);
      writeFileSync(file, Buffer.concat(chunks));
      return { ...delivery, file };
    },
  };
}

describe('the privileged unit installs', () => {
  it('what two holders signed, and tells what is there', async () => {
    const { agent, release, layout, told, exchanged } = await world();
    const id = await agent.stage(await release('1.2.0', { bytes: Buffer.alloc(300_000, 'x') }));
    expect(exchanged()).toBe(0);
    await agent.select(id);
    await agent.keep(id);
    expect(exchanged()).toBe(1);
    expect(await agent.state()).toMatchObject({
      slots: [{ id, version: '1.2.0' }],
      floor: { newest: { payload: '1.2.0' } },
      rootVersion: 1,
      runtimeOnTrial: false,
    });
    expect(readFileSync(join(layout.slots, id, 'payload.cjs'))).toHaveLength(300_000);
    expect(told).toEqual(['stage payload/1.2.0/linux-x64', `select ${id}`, `keep ${id}`]);
    const next = await agent.stage(await release('1.3.0'));
    await agent.select(next);
    await agent.reject(next, 'crashed '.repeat(100));
    expect((await agent.state()).slots).toMatchObject([{ id }]);
    await expect(agent.reject(id, 'so that something older runs')).rejects.toEqual(code('install_kept'));
  });

  it('F20 whatever number of rotations there was, each root once', async () => {
    const { agent, release, layout, told } = await world();
    const roots = Array.from({ length: 40 }, (_, at) => parties.root({ version: at + 1 }));
    await agent.stage(await release('1.2.0', { roots: roots.slice(0, 20) }));
    await agent.stage(await release('1.2.0', { roots }));
    expect((await agent.state()).rootVersion).toBe(40);
    expect(readdirSync(layout.roots)).toHaveLength(40);
    expect(told.filter((line) => line.startsWith('root'))).toEqual([
      'root 17',
      'root 20',
      'root 36',
      'root 40',
    ]);
  });

  it('nothing where no launcher started it', async () => {
    const { agent } = await world(null);
    await expect(agent.state()).rejects.toEqual(code('install_refused'));
  });

  it('says that it is away where nobody listens', async () => {
    const away = createRootInstaller({} as Launched, join(tmpdir(), 'stoa-nobody.sock'));
    await expect(away.state()).rejects.toEqual(code('install_away'));
  });
});

describe('an agent that was taken over', () => {
  it.each<[InstallCode, string, DeliveryChanges]>([
    [
      'install_untrusted',
      'a release of its own',
      { targets: parties.targets({}, [parties.newKey(), parties.newKey()]) },
    ],
    [
      'install_untrusted',
      'a release under a root of its own',
      { roots: [makeReleaseParties('thief').root({ version: 2 })] },
    ],
    [
      'install_untrusted',
      'what one stolen key signed',
      { targets: parties.targets({}, [parties.keys.targets[0]!, parties.keys.targets[0]!]) },
    ],
    ['install_mismatch', 'another file than was signed', { sent: Buffer.from('payload 6.6.6') }],
    ['install_mismatch', 'more bytes than were signed', { sent: Buffer.alloc(2_000_000) }],
  ])('gets %s for %s, and nothing on the disk', async (expected, _what, changes) => {
    const { agent, release, layout, told } = await world();
    await expect(agent.stage(await release('1.2.0', changes))).rejects.toEqual(code(expected));
    expect([layout.selection, layout.slots].map((path) => existsSync(path))).toEqual([false, false]);
    expect(told).toEqual([expected]);
  });

  it('can lower neither the floor nor the number of the metadata', async () => {
    const { agent, release } = await world();
    await agent.stage(await release('2.0.0', { release: { version: 5, floor: '1.9.0' } }));
    for (const [version, changes, expected] of [
      ['1.8.0', { release: { version: 5, floor: '1.0.0' } }, 'install_below_floor'],
      ['2.0.0', { release: { version: 4, floor: '1.9.0' } }, 'install_replayed'],
    ] as const)
      await expect(agent.stage(await release(version, changes))).rejects.toEqual(code(expected));
    expect((await agent.state()).floor).toMatchObject({ version: 5, content: '1.9.0' });
  });

  it('leads root to no file: its own side does not even follow the link', async () => {
    const { agent, release } = await world();
    const staged = await release('1.2.0');
    const link = `${staged.file}.link`;
    symlinkSync('/etc/passwd', link);
    await expect(agent.stage({ ...staged, file: link })).rejects.toMatchObject({ code: 'disk_fault' });
  });

  it.each(['../../etc', '/etc/passwd', 'slots', '1.2.0-abcdef012345/../x'])('selects no %s', async (id) => {
    const { agent, layout } = await world();
    await expect(agent.select(id)).rejects.toEqual(code('install_no_slot'));
    await expect(agent.reject(id, 'x')).rejects.toEqual(code('install_no_slot'));
    expect(existsSync(layout.selection)).toBe(false);
  });

  /** Frames as no honest agent sends them. Resolves with the code of the refusal. */
  async function raw(socketPath: string, frames: readonly Uint8Array[], ends = true): Promise<string> {
    const socket = connect(socketPath);
    for (const frame of frames) socket.write(frame);
    if (ends) socket.end();
    for await (const { type, payload } of readFrames(socket as AsyncIterable<Uint8Array>))
      if (type === ROOT_FRAME.refused) return decodeExact(refusedReply, payload).code;
    return 'nothing';
  }
  const stage = (change: object) =>
    formatFrame(
      ROOT_FRAME.install,
      encode(installRequest, {
        verb: 'stage',
        id: '',
        reason: '',
        path: 'p',
        roots: [],
        targets: 10,
        ...change,
      }),
    );

  it.each([
    ['metadata without an end', [stage({ targets: 4_000_000_000 })]],
    ['a root without an end', [stage({ verb: 'follow', roots: [4_000_000_000] })]],
    ['less than it announced', [stage({}), formatFrame(ROOT_FRAME.inputEnd)]],
    ['no request', [formatFrame(ROOT_FRAME.install, Buffer.from('hello'))]],
    ['a hang-up in the middle', [stage({}), formatFrame(ROOT_FRAME.input, Buffer.from('abc'))]],
  ])('is refused with %s', async (_what, frames) => {
    const { socketPath, layout } = await world();
    expect(await raw(socketPath, frames)).toMatch(/root_(malformed|unproven_data)/);
    expect(existsSync(layout.slots)).toBe(false);
  });

  it('fills no memory with parts that have no byte', async () => {
    const { socketPath } = await world();
    expect(await raw(socketPath, [stage({}), formatFrame(ROOT_FRAME.input)])).toBe('root_malformed');
  });

  it('holds the unit for five minutes at most, however slowly it hands over', async () => {
    const clock = new VirtualClock();
    const { socketPath } = await world(undefined, clock);
    const refused = raw(socketPath, [stage({}), formatFrame(ROOT_FRAME.input, Buffer.from('abc'))], false);
    await vi.waitFor(() => expect(clock.pending).toBe(2), { timeout: 60_000 });
    await clock.advance(5 * 60_000);
    expect(await refused).toBe('deadline');
  });

  it('installs one thing at a time, and a second ask is told so', async () => {
    const { agent, release } = await world();
    const [first, second] = [await release('1.2.0'), await release('1.3.0')];
    const both = await Promise.allSettled([agent.stage(first), agent.stage(second)]);
    const refused = both.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    for (const reason of refused) expect(reason).toEqual(code('install_busy'));
    expect(both.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect((await agent.state()).slots).toEqual([]);
  });
});
