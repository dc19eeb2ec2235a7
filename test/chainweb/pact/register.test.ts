import {
  BUCKET,
  commandText,
  deltasDigest,
  deltasText,
  enrolGas,
  enrolmentDigest,
  epochOf,
  type MintAct,
  mintGas,
  openGas,
} from '@stoa/protocol/mint';
import { beforeEach, describe, expect, it } from 'vitest';
import { accountOf } from './drafting.ts';
import { key, type Polled, poll, post, send, worldOf } from './kit.ts';
import { registerModule } from './register.ts';
import type { PactWorld } from './world.ts';

const [minter, stranger] = [key(1), key(2)];
const NAMESPACE = `n_${'0'.repeat(40)}`;
const HASH = 'h'.repeat(43);
const DIGEST = 'd'.repeat(43);
const names = Array.from({ length: 70 }, (_each, i) => `k:${i.toString(16).padStart(64, '0')}`);
const guard = { pred: 'keys-all', keys: [minter.publicKey] };

let world: PactWorld;
let epoch: number;
let attempt: number;

beforeEach(() => {
  const module = registerModule({ name: `${NAMESPACE}.register`, hash: HASH, minter: guard });
  world = worldOf([minter, stranger], { modules: [module], orphanRate: 0 });
  [epoch, attempt] = [epochOf(world.clock.now()), 0];
});

function textOf(act: MintAct, more: { by?: typeof minter; moduleHash?: string } = {}): string {
  const { by = minter, moduleHash = HASH } = more;
  attempt += 1;
  return commandText(act, {
    ...{ networkId: 'simulated', namespace: NAMESPACE, module: 'register', moduleHash, chain: 0 },
    ...{ sender: accountOf(by), publicKey: by.publicKey, gasPrice: 1.1e-8, gasLimit: 100_000, ttl: 3_600 },
    ...{ creationTime: Math.floor(world.clock.now() / 1_000) - 30, attempt },
  });
}

async function run(act: MintAct, more: { by?: typeof minter; moduleHash?: string } = {}): Promise<Polled> {
  const command = (more.by ?? minter).sign(textOf(act, more));
  expect(await send(world, [command])).toMatchObject({ status: 200 });
  world.advance(3 * 60_000);
  return (await poll(world, command))!;
}

async function read(call: string): Promise<unknown> {
  const cmd = JSON.stringify({
    networkId: 'simulated',
    payload: { exec: { code: `(${NAMESPACE}.register.${call})`, data: {} } },
    meta: { chainId: '0', gasLimit: 150_000, gasPrice: 1e-8, ttl: 600, creationTime: 0, sender: '' },
    signers: [],
    nonce: '',
  });
  const path = 'api/v1/local?preflight=false&signatureVerification=false';
  const { json } = await post(world, { path }, { ...minter.sign(cmd), sigs: [] });
  return (json as { result: { data: unknown } }).result.data;
}

const enrol = (): MintAct => ({ kind: 'enrol', first: 0, accounts: names, digest: enrolmentDigest(names) });
const open = (more: Partial<MintAct & { kind: 'open' }> = {}): MintAct => ({
  ...{ kind: 'open', epoch, cap: 1_000, bounds: [0, 1, 2], digest: DIGEST },
  ...more,
});

function mint(batch: number, points: readonly number[], more: { sum?: number } = {}): MintAct {
  const bucket = Array.from({ length: BUCKET }, (_each, i) => points[i] ?? 0);
  const deltas = deltasText([`[${bucket.join(' ')}]`]);
  const sum = more.sum ?? bucket.reduce((all, each) => all + each, 0);
  return { kind: 'mint', epoch, batch, deltas, sum, digest: deltasDigest(deltas) };
}

const ok = (data: string) => ({ result: { status: 'success', data } });
const failed = (message: string | RegExp) => ({
  gas: 100_000,
  result: { status: 'failure', error: { message: expect.stringMatching(message) as string } },
});

describe('the register', () => {
  it('enrols, opens, mints and closes by its last batch, and tells of it', async () => {
    expect(await run(enrol())).toMatchObject(ok('enrolled'));
    expect(await run(open())).toMatchObject(ok('open'));
    expect(await run(mint(1, [5, 6]))).toMatchObject(ok('ok'));
    const last = await run(mint(0, [1, 0, 7]));
    expect(last).toMatchObject(ok('ok'));
    expect(last.events.map(({ name }) => name)).toEqual(['TRANSFER', 'MINT', 'CLOSED']);
    expect(last.events.at(-1)?.params).toEqual([epoch, 19]);
    expect(await read(`total 2`)).toBe(7);
    expect(await read(`total 51`)).toBe(6);
    expect(await read(`epoch-state ${epoch}`)).toMatchObject({ minted: 19, done: 2, closed: true });
    expect(await read(`slot-of "${names[3]}"`)).toBe(3);
    expect(await read('accounts-of 69 2')).toEqual([names[69], '']);
  });

  it('answers what was done already, at a fraction of the gas, and fails on other content', async () => {
    for (const act of [enrol(), open(), mint(0, [1])]) await run(act);
    for (const [act, answer] of [
      [enrol(), 'already-enrolled'],
      [open(), 'already-open'],
      [mint(0, [1]), 'already-applied'],
    ] as const) {
      const again = await run(act);
      expect(again).toMatchObject(ok(answer));
      expect(again.gas).toBeLessThan(300);
    }
    expect(await run(open({ cap: 2 }))).toMatchObject(failed('opened with other content'));
    expect(await run(mint(0, [2]))).toMatchObject(failed('other content of the batch is applied'));
    expect(await read('total 0')).toBe(1);
  });

  it.each<[string, () => readonly MintAct[]]>([
    ['epoch is not a day of the window', () => [open({ epoch: epoch + 1 })]],
    ['epoch is not a day of the window', () => [open({ epoch: epoch - 4 })]],
    ['bounds do not ascend from 0', () => [open({ bounds: [0, 2, 1] })]],
    ['bounds past the enrolled slots', () => [open({ bounds: [0, 3] })]],
    ['a cap without batches', () => [open({ bounds: [0] })]],
    ['not the next slot', () => [{ ...enrol(), first: 3 } as MintAct]],
    ['cap of the epoch exceeded', () => [open({ cap: 1 }), mint(0, [2])]],
    ['no such batch', () => [open(), mint(2, [2])]],
    ['sum of the deltas', () => [open(), mint(0, [2], { sum: 3 })]],
    ['points past the enrolled slots', () => [open(), mint(1, [...new Array<number>(20).fill(0), 1])]],
    ['points of an account', () => [open({ cap: 200_000 }), mint(0, [100_001])]],
    ['epoch is closed', () => [open(), { kind: 'close', epoch, total: 0 }, mint(0, [2])]],
    ['No value found in table .*_epochs for key', () => [mint(0, [2])]],
  ])('refuses: %s', async (words, acts) => {
    let result = await run(enrol());
    for (const act of acts()) result = await run(act);
    expect(result).toMatchObject(failed(words));
  });

  it('is the minter’s alone, and only of the module that was meant', async () => {
    await run(enrol());
    expect(await run(open(), { by: stranger })).toMatchObject(failed('Keyset failure'));
    expect(await run(open(), { moduleHash: 'x'.repeat(43) })).toMatchObject(failed('module hash'));
    const other = textOf(open()).replace(`.OPEN","args":[{"int":"${epoch}"}`, `.OPEN","args":[{"int":"1"}`);
    const command = minter.sign(other);
    await send(world, [command]);
    world.advance(3 * 60_000);
    expect(await poll(world, command)).toMatchObject(failed('Keyset failure'));
  });

  it('costs less than the planner’s upper bounds, a batch not much less', async () => {
    const bytes = (act: MintAct) => Buffer.byteLength(textOf(act));
    const nameBytes = names.join('').length;
    const [enrolled, opened] = [await run(enrol()), await run(open())];
    expect(enrolled.gas).toBeLessThanOrEqual(
      enrolGas({ bytes: bytes(enrol()), accounts: names.length, nameBytes }),
    );
    expect(opened.gas).toBeLessThanOrEqual(openGas({ bytes: bytes(open()), bounds: 3 }));
    const bound = mintGas({ bytes: bytes(mint(0, [1])), buckets: 1, filled: 1, bounds: 3 });
    const { gas } = await run(mint(0, [1]));
    expect(gas).toBeLessThanOrEqual(bound);
    expect(gas).toBeGreaterThan(bound * 0.7);
  });
});
