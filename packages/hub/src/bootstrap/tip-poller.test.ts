import { once } from 'node:events';
import { expect, it } from 'vitest';
import type { SshOutput } from '#seams/ssh-pool/index.ts';
import { TipPoller, type TipPollerDeps } from './tip-poller.ts';

const NODES = Array.from({ length: 30 }, (_, at) => ({
  ...{ nodeId: `${at}`, owner: 'a@x.example', keyId: 'k', host: `10.0.0.${at}`, port: 22, user: 'op' },
}));

/** Hosts of which each answers once `answer` says so, or never. */
function poller(answer: (signal: AbortSignal | undefined) => Promise<SshOutput>) {
  const [asked, said, put, told]: [string[], unknown[], unknown[], string[]] = [[], [], [], []];
  const by = {
    agentless: { due: async () => NODES },
    pool: {
      use: async (target: (typeof NODES)[number], { signal }: { signal?: AbortSignal }) => {
        asked.push(target.nodeId);
        return await answer(signal);
      },
    },
    vault: { open: async () => 'key' },
    cache: { put: async (...entry: unknown[]) => void put.push(entry) },
    onPolled: (nodeId: string) => void told.push(nodeId),
    network: 'stoa',
    clock: { now: () => 1_000 },
    log: { info: (fields: unknown) => void said.push(fields) },
  } as unknown as TipPollerDeps;
  return { asked, said, put, told, poller: new TipPoller(by) };
}

it('ends its sweep when the process does, and asks no further host', async () => {
  const {
    poller: tips,
    asked,
    said,
  } = poller(async (signal) => {
    await once(signal!, 'abort');
    throw new Error('cancelled');
  });
  const stop = new AbortController();
  const tick = tips.tick(stop.signal);
  await expect.poll(() => asked.length).toBe(8);
  stop.abort();
  await tick;
  expect([asked.length, said]).toEqual([8, []]);
});

it('goes on past hosts that fail or talk nonsense, and keeps what the others say', async () => {
  let call = 0;
  const {
    poller: tips,
    asked,
    said,
    put,
    told,
  } = poller(async () => {
    call += 1;
    if (call % 3 === 0) throw new Error('away');
    const stdout = call % 3 === 1 ? '{"hashes":{"4":{"height":7,"hash":"x"}}}' : '<html>';
    return { exitCode: 0, stdout, stderr: '' };
  });
  await tips.tick();
  expect([asked.length, put.length, said.length]).toEqual([30, 10, 20]);
  expect([told.length, told[0]]).toEqual([10, '0']);
  expect(put[0]).toEqual(['tips', [{ nodeId: '0', at: 1_000, value: [{ chain: 4, height: 7, hash: 'x' }] }]]);
});
