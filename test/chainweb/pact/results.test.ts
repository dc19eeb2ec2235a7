import { describe, expect, it } from 'vitest';
import { accountOf, signCommand, signTransfer } from './drafting.ts';
import { balance, key, poll, post, send, worldOf } from './kit.ts';

const [alice, bob] = [key(1), key(2)];
const MINUTE = 60_000;
let sent = 0;

function start() {
  const world = worldOf([alice], { orphanRate: 0 });
  const transfer = (more: Partial<Parameters<typeof signTransfer>[1]> = {}) =>
    signTransfer(world, { key: alice, to: bob, amount: '1.0', nonce: String(++sent), ...more });
  return { world, transfer };
}

describe('/poll', () => {
  it('tells of what it finds alone, at the depth that is asked for', async () => {
    const { world, transfer } = start();
    const [one, other] = [transfer(), transfer()];
    await send(world, [one]);
    world.advance(4 * MINUTE);
    const { json } = await post(world, { path: 'api/v1/poll' }, { requestKeys: [one.hash, other.hash] });
    expect(Object.keys(json as object)).toEqual([one.hash]);
    const { blockHeight, blockHash } = (await poll(world, one))!.metaData!;
    const depth = world.nodes[0]!.head(0).header.height - blockHeight;
    expect(world.network.main.at(0, blockHeight).header.hash).toBe(blockHash);
    expect(await poll(world, one, { depth })).toBeDefined();
    expect(await poll(world, one, { depth: depth + 1 })).toBeUndefined();
    expect(await post(world, { path: 'api/v1/poll' }, {})).toMatchObject({ status: 400 });
  });

  it('knows nothing of what its node has not heard of yet', async () => {
    const { world, transfer } = start();
    const command = transfer();
    world.nodes[1]!.lag({ ms: 10 * MINUTE });
    await send(world, [command]);
    world.advance(4 * MINUTE);
    expect(await poll(world, command)).toBeDefined();
    expect(await poll(world, command, { node: 1 })).toBeUndefined();
    world.nodes[1]!.lag({});
    expect(await poll(world, command, { node: 1 })).toBeDefined();
  });
});

describe('/listen', () => {
  it('answers once the transaction is mined', async () => {
    const { world, transfer } = start();
    const command = transfer();
    await send(world, [command]);
    const answer = post(world, { path: 'api/v1/listen' }, { listen: command.hash });
    world.advance(2 * MINUTE);
    expect(await answer).toMatchObject({ status: 200, json: { reqKey: command.hash } });
  });

  it('hangs up after three minutes of the clock', async () => {
    const { world } = start();
    const answer = post(world, { path: 'api/v1/listen' }, { listen: 'A'.repeat(43) });
    world.advance(3 * MINUTE);
    expect(await answer).toEqual({ status: 504, text: '', json: undefined });
  });
});

describe('/local', () => {
  const local = (world: ReturnType<typeof start>['world'], query: string, command: unknown) =>
    post(world, { path: `api/v1/local?${query}` }, command);

  it('with preflight tells what would become of a transaction, and does nothing', async () => {
    const { world, transfer } = start();
    const { json } = await local(world, 'preflight=true', transfer());
    expect(json).toMatchObject({
      preflightResult: {
        result: { status: 'success' },
        events: [{ name: 'TRANSFER' }, { name: 'TRANSFER' }],
      },
      preflightWarnings: [],
    });
    expect(await balance(world, alice)).toBe(100);
    const bare = (await local(world, 'preflight=false', transfer())).json as { gas: number };
    expect(bare.gas).toBeLessThan((json as { preflightResult: { gas: number } }).preflightResult.gas);
    const unpaid = transfer({ key: bob, to: alice });
    expect((await local(world, 'preflight=true', unpaid)).json).toMatchObject({
      preflightResult: {
        result: {
          status: 'failure',
          error: { message: expect.stringMatching('Failed to buy gas') as string },
        },
      },
    });
  });

  it.each([
    [{ chainId: '1' }, 'Chain id mismatch'],
    [{ networkId: 'other' }, 'Network id mismatch'],
    [{ gasLimit: 1_600_001 }, 'Transaction Gas limit exceeds block gas limit'],
    [{ gasPrice: 1e-13 }, 'Gas price decimal precision too high'],
    [{ creationTime: 1 }, 'Tx time outside of valid range'],
  ])('refuses metadata: %j', async (draft, words) => {
    const { world } = start();
    const command = signCommand(world, { key: alice, code: '(coin.get-balance "a")', ...draft });
    const { status, text } = await local(world, 'preflight=true', command);
    expect({ status, text }).toEqual({ status: 400, text: `Metadata validation failed: ["${words}"]` });
  });

  it('looks at signatures unless told not to', async () => {
    const { world, transfer } = start();
    const unsigned = { ...transfer(), sigs: [] };
    expect(await local(world, 'preflight=false', unsigned)).toMatchObject({ status: 400 });
    expect(await local(world, 'signatureVerification=false', unsigned)).toMatchObject({ status: 200 });
  });

  it('reads the past', async () => {
    const { world, transfer } = start();
    await send(world, [transfer()]);
    world.advance(4 * MINUTE);
    const read = signCommand(world, { key: alice, code: `(coin.get-balance "${accountOf(bob)}")` });
    const result = async (query: string) =>
      ((await local(world, query, read)).json as { result: { status: string } }).result;
    expect(await result('preflight=false')).toEqual({ status: 'success', data: 1 });
    expect(await result('rewindDepth=12')).toMatchObject({ status: 'failure' });
  });
});

describe('a transfer to another chain', () => {
  it('is proven once the target chain has it in its past, credited once, and by the proof of no other step', async () => {
    const { world } = start();
    const [from, to] = [accountOf(alice), accountOf(bob)];
    const away = signCommand(world, {
      ...{ key: alice, data: { ks: { pred: 'keys-all', keys: [bob.publicKey] } } },
      code: `(coin.transfer-crosschain "${from}" "${to}" (read-keyset "ks") "1" 5.0)`,
      capabilities: [{ name: 'coin.TRANSFER_XCHAIN', args: [from, to, { decimal: '5' }, '1'] }],
    });
    const spv = () => post(world, { path: 'spv' }, { requestKey: away.hash, targetChainId: '1' });
    await send(world, [away]);
    expect(await spv()).toMatchObject({ status: 400, text: `Transaction hash not found: ${away.hash}` });
    while ((await poll(world, away)) === undefined) world.advance(1_000);
    expect(await spv()).toMatchObject({
      status: 400,
      text: 'SPV target not reachable: target chain not reachable. Chainweb instance is too young',
    });
    world.advance(4 * MINUTE);
    const { json: proof } = await spv();
    const finish = (more: object, nonce: string) => {
      const cmd = JSON.stringify({
        networkId: 'simulated',
        payload: { cont: { pactId: away.hash, step: 1, rollback: false, data: {}, proof, ...more } },
        signers: [{ pubKey: alice.publicKey }],
        meta: {
          ...{ chainId: '1', sender: from, gasLimit: 850, gasPrice: 1e-8, ttl: 3_600 },
          creationTime: Math.floor(world.clock.now() / 1_000) - 30,
        },
        nonce,
      });
      return alice.sign(cmd);
    };
    const [right, wrong] = [finish({}, ''), finish({ proof: 'A'.repeat(20) }, '')];
    await send(world, [right, wrong], { chain: 1 });
    world.advance(2 * MINUTE);
    expect(await poll(world, right, { chain: 1 })).toMatchObject({ result: { status: 'success' } });
    expect(await poll(world, wrong, { chain: 1 })).toMatchObject({ result: { status: 'failure' } });
    const again = finish({}, 'again');
    await send(world, [again], { chain: 1 });
    world.advance(2 * MINUTE);
    expect(await poll(world, again, { chain: 1 })).toMatchObject({ result: { status: 'failure' } });
    expect(await balance(world, bob, { chain: 1 })).toBe(5);
  });
});
