import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '@stoa/protocol';
import { makeReleaseParties } from '@stoa/protocol/fixtures';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createDisk } from '#atomic-file.ts';
import { createClock } from '#clock.ts';
import { makeInstallation } from '#launcher/installation.fixture.ts';
import type { Launched } from '#launcher/launched.ts';
import { createRootInstaller } from '#launcher/root-installer.ts';
import type { SlotStoreDeps } from '#launcher/slot-store.ts';
import { installRequest } from '#root/install-wire.ts';
import { serveRoot, USUAL_PLACES } from '#root/serve.ts';
import { FRESH_STATE, RootStates } from '#root/state.ts';
import { formatFrame, ROOT_FRAME, readFrames } from '#root/wire.ts';

const parties = makeReleaseParties('root-serve');

async function serve({ updateOnly = false } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'stoa-root-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const [path, state] = [join(directory, 'root.sock'), join(directory, 'state')];
  const installation = makeInstallation(parties);
  const lines: string[] = [];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  let facts: Pick<SlotStoreDeps, 'provenTime'> = {};
  const serving = Promise.withResolvers<void>();
  const over = serveRoot({
    socket: { path },
    places: { ...USUAL_PLACES, socket: path, state, config: directory },
    clock: createClock(),
    systemd: false,
    log: (line) => void lines.push(line),
    signal: stop.signal,
    updateOnly,
    slots: (given) => {
      facts = given;
      return installation.store(given);
    },
    onServing: serving.resolve,
  });
  await serving.promise;
  const agent = createRootInstaller({} as Launched, path);
  return { ...installation, path, state, lines, over, agent, facts };
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket)).on('error', reject);
  });
}

/** Sends one request and hears it out. */
async function say(path: string, frame: Uint8Array): Promise<void> {
  const socket = await open(path);
  socket.end(frame);
  for await (const _ of readFrames(socket as AsyncIterable<Uint8Array>));
}

describe('the privileged unit', () => {
  it('that runs below the floor does no step, and installs what leads out of there', async () => {
    const { path, lines, agent } = await serve({ updateOnly: true });
    await say(path, formatFrame(ROOT_FRAME.open));
    expect(lines).toEqual([expect.stringMatching(/^refused: root_below_floor: /)]);
    await expect(agent.state()).resolves.toMatchObject({ slots: [] });
  });

  it('takes no further connection once something was selected, and ends with those that are open', async () => {
    const { path, store, delivery, agent, over } = await serve();
    const id = await store().stage(delivery('1.2.0'));
    const held = await open(path);
    await agent.select(id);
    await expect(open(path)).rejects.toMatchObject({ code: expect.stringMatching(/ECONNREFUSED|ENOENT/) });
    held.destroy();
    await over;
  });

  it('lets nobody write lines of its journal', async () => {
    const { path, lines } = await serve();
    const id = 'x\nran: node-stop for restart-stoachain\u2028y';
    const request = { verb: 'keep', id, reason: '', path: '', roots: [], targets: 0 } as const;
    await say(path, formatFrame(ROOT_FRAME.install, encode(installRequest, { ...request, roots: [] })));
    expect(lines).toHaveLength(1);
    expect(lines.join()).toMatch(/^refused: install_no_slot: /);
    expect(lines.join()).not.toMatch(/[\n\u2028]/);
  });

  it('installs by the latest time that was proven to it, whatever else lies there', async () => {
    const { state, facts } = await serve();
    await expect(facts.provenTime?.()).resolves.toBe(0);
    const states = new RootStates(createDisk(), state);
    for (const [node, timeFloor] of [
      ['ab', 5_000],
      ['cd', 7_000],
    ] as const)
      await states.write(node.repeat(32), { ...FRESH_STATE, timeFloor });
    await createDisk().writeAtomic(join(state, 'ef'.repeat(32)), 'damaged');
    await createDisk().writeAtomic(join(state, 'owner-x'), 'another file');
    await expect(facts.provenTime?.()).resolves.toBe(7_000);
  });
});
