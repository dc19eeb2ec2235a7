/** The minter's signer as a process of its own: what a hub gets over its socket, whatever happens to that process meanwhile. */
import { execFile } from 'node:child_process';
import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fromBase64Url, fromHex, type SigningKey, seal, toHex } from '@stoa/protocol';
import {
  type CommandSetting,
  type EpochPlan,
  epochOf,
  MINT_CHAINS,
  type MintAct,
  planEpoch,
  requestKey,
} from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { planApprovalKind } from '@stoa/signer';
import {
  connectMintSigner,
  type MintSignerClient,
  type SignedCommand,
  type SignerProcess,
  startMintSigner,
} from '@stoa/signer/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../kit/temporary-directory.ts';
import { random } from '../kit/wire-agent.ts';

const SIGNER = fileURLToPath(new URL('../../packages/signer/src/main.ts', import.meta.url));
const run = promisify(execFile);
const people: Record<'ann' | 'ben', SigningKey> = {
  ann: nodeCrypto.signingKey(random(32)),
  ben: nodeCrypto.signingKey(random(32)),
};
const PLACE = {
  networkId: 'stoa',
  namespace: `n_${'ab'.repeat(20)}`,
  module: 'mint',
  moduleHash: 'm'.repeat(43),
};

async function signer(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run(process.execPath, [SIGNER, 'mint', ...args, '--json']);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
}

/** Chain 0 has 50,000 accounts, as one of ten has of half a million; the others have few. */
function planToday(epoch: number): EpochPlan {
  const chains = Array.from({ length: MINT_CHAINS }, (_, chain) => {
    const slots = chain === 0 ? 50_000 : 60;
    return {
      chain,
      slots,
      points: Uint32Array.from({ length: slots }, (__, slot) => 1 + ((slot * 7919) % 300)),
    };
  });
  return planEpoch({ epoch, cutId: 'today', chains });
}

describe("the minter's signer", { timeout: 120_000 }, () => {
  const epoch = epochOf(Date.now());
  const plan = planToday(epoch);
  let home: Awaited<ReturnType<typeof temporaryDirectory>>;
  let publicKey: string;
  let running: SignerProcess;
  let hub: MintSignerClient;

  const dir = () => join(home.path, 'minter');
  const socketPath = () => join(home.path, 's.sock');
  const start = () => startMintSigner({ dir: dir(), socketPath: socketPath() });
  const approvals = () =>
    (['ann', 'ben'] as const).map((approver) => {
      const contract = `${PLACE.namespace}.${PLACE.module}`;
      const regions = [{ region: 'eu', nodes: 200_000, points: plan.points }];
      const where = { networkId: 'stoa', contract, approver, at: Date.now() };
      return seal(
        planApprovalKind,
        { ...where, epoch, hash: plan.hash, points: plan.points, regions },
        people[approver],
      );
    });
  const setting = (chain: number, change: Partial<CommandSetting> = {}): CommandSetting => ({
    ...{ ...PLACE, sender: `k:${publicKey}`, publicKey, chain, gasPrice: 1e-8, gasLimit: 400_000 },
    ...{ creationTime: Math.floor(Date.now() / 1_000) - 30, ttl: 3_600, attempt: 0, ...change },
  });
  const ground = { plan: { epoch, hash: plan.hash }, leaseEpoch: 1 };
  const actsOf = (chain: number): MintAct[] => {
    const { cap, bounds, digest, batches } = plan.chains[chain]!;
    const mints = batches.map(({ batch, deltas, sum, digest: content }) => ({
      ...{ kind: 'mint' as const, epoch, batch, deltas, sum, digest: content },
    }));
    return [{ kind: 'open', epoch, cap, bounds, digest }, ...mints];
  };

  beforeAll(async () => {
    home = await temporaryDirectory();
    await chmod(home.path, 0o700);
    const made = await signer(
      ...['init', '--dir', dir(), '--key-file', join(dir(), 'unlock.key'), '--network', 'stoa'],
      ...['--namespace', PLACE.namespace, '--module', PLACE.module, '--module-hash', PLACE.moduleHash],
      ...['--person', `ann=${toHex(people.ann.publicKey)}`, `ben=${toHex(people.ben.publicKey)}`],
    );
    publicKey = String(made['publicKey']);
    hub = connectMintSigner({ socketPath: socketPath() });
  }, 60_000);

  afterAll(async () => {
    await hub.close();
    await running?.stop();
    await home[Symbol.asyncDispose]();
  });

  it('that is not there is named with its socket, and a retry helps', async () => {
    await expect(hub.status()).rejects.toMatchObject({
      code: 'signer_unreachable',
      retry: true,
      message: expect.stringContaining("start it with 'signer mint serve'"),
    });
  });

  it('signs a sweep whose hub and whose power fail again and again: every command has one text for ever', async () => {
    running = await start();
    expect((await stat(socketPath())).mode & 0o777).toBe(0o600);
    await hub.plan({ plan, approvals: approvals() });
    const given = new Map<string, SignedCommand>();
    const ask = async (chain: number, act: MintAct, change: Partial<CommandSetting>): Promise<void> => {
      const signed = await hub.sign(act, setting(chain, change), ground);
      const name = `${chain} ${act.kind} ${'batch' in act ? act.batch : ''}`;
      expect(signed).toEqual(given.get(name) ?? signed);
      given.set(name, signed);
    };
    let [deaths, lost] = [0, 0];
    const wanted = Array.from({ length: MINT_CHAINS }, (_, chain) =>
      actsOf(chain).map((act) => ({ chain, act })),
    ).flat();
    for (let round = 0; given.size < wanted.length || round < 5; round += 1) {
      // A hub that started anew asks for everything again, at another time and price.
      const change = {
        creationTime: Math.floor(Date.now() / 1_000) - round,
        gasPrice: round % 2 === 0 ? 1e-8 : 2e-8,
      };
      const asked = wanted.map(({ chain, act }) => ask(chain, act, change));
      const settled = Promise.allSettled(asked);
      const before = Math.min(round * 5, wanted.length - 1);
      await Promise.allSettled(asked.slice(0, before));
      process.kill(running.pid, 'SIGKILL');
      deaths += 1;
      const failed = (await settled).filter((one) => one.status === 'rejected').map(({ reason }) => reason);
      lost += failed.length;
      for (const reason of failed)
        expect(reason).toMatchObject({
          code: expect.stringMatching(/^(signer_unreachable|mint_epoch_closed)$/),
        });
      running = await start();
    }
    expect(deaths).toBeGreaterThanOrEqual(5);
    expect(lost).toBeGreaterThan(wanted.length);
    const verify = nodeCrypto.verifier(fromHex(publicKey));
    for (const { cmd, hash, sigs } of given.values()) {
      expect(requestKey(cmd)).toBe(hash);
      expect(verify(fromBase64Url(hash), fromHex(sigs[0]!.sig))).toBe(true);
    }
    for (const { chain, act } of wanted) await ask(chain, act, {});
    expect(await hub.status()).toMatchObject({
      lastEpoch: epoch,
      today: { points: plan.points },
      alerts: [],
    });
  });

  it('is alone in its directory', async () => {
    const second = startMintSigner({ dir: dir(), socketPath: join(home.path, 'other.sock') });
    await expect(second).rejects.toMatchObject({ code: 'directory_in_use' });
  });

  it('of another key than the hub believes says which one it has', async () => {
    const asked = hub.sign(actsOf(1)[0]!, setting(1, { publicKey: 'ee'.repeat(32) }), ground);
    await expect(asked).rejects.toMatchObject({
      code: 'mint_wrong_place',
      message: expect.stringContaining(publicKey),
    });
  });

  it('that was stopped stays so over a restart, until its own host lets it go on', async () => {
    await signer('kill', '--dir', dir(), '--socket', socketPath(), '--reason', 'a drill');
    const asked = () => hub.sign(actsOf(1)[0]!, setting(1), ground);
    await expect(asked()).rejects.toMatchObject({
      code: 'mint_killed',
      message: expect.stringContaining('a drill'),
    });
    await running.stop();
    running = await start();
    await expect(asked()).rejects.toMatchObject({ code: 'mint_killed' });
    await running.stop();
    await signer('revive', '--dir', dir(), '--reason', 'the drill is over');
    running = await start();
    expect((await asked()).hash).toHaveLength(43);
  });
});
