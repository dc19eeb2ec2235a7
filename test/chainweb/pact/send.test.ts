import { describe, expect, it } from 'vitest';
import { signCommand, signTransfer } from './drafting.ts';
import { balance, key, poll, send, worldOf } from './kit.ts';

const [alice, bob, poor] = [key(1), key(2), key(3)];
const world = worldOf([alice]);
let sent = 0;
const now = () => Math.floor(world.clock.now() / 1_000);
const transfer = (more: Partial<Parameters<typeof signTransfer>[1]> = {}) =>
  signTransfer(world, { key: alice, to: bob, amount: '1.0', nonce: String(++sent), ...more });

describe('/send', () => {
  it('takes a transfer, which is mined, costs gas, and is told of by its events', async () => {
    const command = transfer();
    const before = (await balance(world, alice)) as number;
    expect(await send(world, [command])).toMatchObject({
      status: 200,
      json: { requestKeys: [command.hash] },
    });
    expect(await send(world, [command])).toMatchObject({ status: 200 });
    expect(await poll(world, command)).toBeUndefined();
    world.advance(120_000);
    const result = await poll(world, command);
    expect(result).toMatchObject({ result: { status: 'success', data: 'Write succeeded' }, txId: 1 });
    expect(result?.events.map(({ name }) => name)).toEqual(['TRANSFER', 'TRANSFER']);
    expect(await balance(world, alice)).toBeCloseTo(before - 1 - result!.gas * 1e-8, 12);
    expect(await balance(world, bob)).toBe(1);
    expect(await poll(world, command, { depth: 100 })).toBeUndefined();
    expect((await send(world, [command])).text).toContain('failed with: Transaction already exists on chain');
  });

  it('charges the whole limit for what fails, and keeps none of its writes', async () => {
    const command = transfer({ amount: '5000.0', gasLimit: 1_234 });
    await send(world, [command]);
    world.advance(120_000);
    expect(await poll(world, command)).toMatchObject({
      gas: 1_234,
      txId: null,
      result: { status: 'failure', error: { message: 'Insufficient funds' } },
      events: [{ name: 'TRANSFER' }],
    });
  });

  it.each<[why: string | RegExp, draft: () => Partial<Parameters<typeof signCommand>[1]>]>([
    ['Transaction gas limit exceeds block gas limit (1600000)', () => ({ gasLimit: 1_600_001 })],
    [
      "insert error: This transaction's gas price: 1e-13 is not correctly rounded. It should be rounded to at most 12 decimal places.",
      () => ({ gasPrice: 1e-13 }),
    ],
    [
      'Transaction gas price (0.000000001) is below minimum gas price (0.00000001)',
      () => ({ gasPrice: 1e-9 }),
    ],
    ['Transaction creation time too far in the future', () => ({ creationTime: now() + 10 })],
    ['Transaction time-to-live is expired', () => ({ creationTime: now() - 100, ttl: 100 })],
    ['Transaction time-to-live is expired', () => ({ ttl: 172_801 })],
    [
      'Transaction metadata (chain id, chainweb version) conflicts with this endpoint',
      () => ({ chainId: '1' }),
    ],
    [
      'Transaction metadata (chain id, chainweb version) conflicts with this endpoint',
      () => ({ networkId: 'other' }),
    ],
    ['insert error: Unparsable ChainId', () => ({ chainId: 'x' })],
    [/^Attempt to buy gas failed with: [\w-]{43} Failed to buy gas: No value found/, () => ({ key: poor })],
    [
      /^Attempt to buy gas failed with: [\w-]{43} Failed to buy gas: Insufficient funds$/,
      () => ({ gasLimit: 1_500_000, gasPrice: 0.01 }),
    ],
    ["Pact parse error: Expected: [')']", () => ({ code: '(coin.get-balance "a"' })],
  ])('refuses: %s', async (why, draft) => {
    const command = signCommand(world, { key: alice, code: '(coin.get-balance "a")', ...draft() });
    const { status, text } = await send(world, [command]);
    const [, hash, words] =
      /^One or more transactions were invalid: Transaction (\S+) at index 0 failed with: (.*)$/.exec(text) ??
      [];
    expect({ status, hash }).toEqual({ status: 400, hash: command.hash });
    expect(words).toEqual(typeof why === 'string' ? why : expect.stringMatching(why));
  });

  it('refuses signatures that are missing or another’s, and a hash that is not the text’s', async () => {
    const command = transfer();
    expect((await send(world, [{ ...command, sigs: [] }])).text).toContain(
      'Invalid transaction sigs: The number of signers and signatures do not match. Number of signers: 1. Number of signatures: 0.',
    );
    expect((await send(world, [{ ...command, sigs: bob.sign(command.cmd).sigs }])).text).toContain(
      'Invalid transaction sigs: The signature at position 0 is invalid: invalid ed25519 signature.',
    );
    expect((await send(world, [{ ...command, hash: transfer().hash }])).text).toContain(
      'Invalid transaction hash',
    );
  });

  it('refuses the whole batch for one bad command, and names each of the bad', async () => {
    const [good, ...bad] = [transfer(), transfer({ gasPrice: 1e-9 }), transfer({ ttl: 1 })];
    const { text } = await send(world, [good, ...bad]);
    expect(text.match(/at index \d/g)).toEqual(['at index 1', 'at index 2']);
    world.advance(120_000);
    expect(await poll(world, good)).toBeUndefined();
  });

  it('takes what is too large for its own gas limit; a miner finds out, and the node never takes it again', async () => {
    const large = signCommand(world, {
      ...{ key: alice, gasLimit: 500, code: `(coin.get-balance "${'x'.repeat(60_000)}")` },
    });
    expect(await send(world, [large])).toMatchObject({ status: 200 });
    world.advance(120_000);
    expect(await poll(world, large)).toMatchObject({
      ...{ gas: 0, metaData: null },
      result: { status: 'failure', error: { type: 'TxFailure' } },
    });
    expect((await send(world, [large])).text).toContain(
      'badlisted because it previously failed to validate.',
    );
    expect(await poll(world, large, { node: 1 })).toSatisfy(
      (each) => each === undefined || each.metaData === null,
    );
  });

  it('tells of a check that took too long, of another network, and of too long a body', async () => {
    world.nodes[0]!.pact.overloaded = true;
    expect((await send(world, [transfer()])).text).toContain('Transaction validation timed out');
    world.nodes[0]!.pact.overloaded = false;
    world.nodes[0]!.configure({ networkId: 'other' });
    expect(await send(world, [transfer()])).toEqual({ status: 404, text: '', json: undefined });
    world.nodes[0]!.configure({ networkId: 'simulated' });
    const { status } = await send(world, [{ ...transfer(), cmd: 'x'.repeat(2 ** 21) }]);
    expect(status).toBe(413);
  });
});

it('nothing is mined that was created more than 95 s after the parent, as on a chain that stands still', async () => {
  world.network.stall(0);
  world.advance(10 * 60_000);
  expect((await send(world, [transfer({ creationTime: now() - 30 })])).text).toContain(
    'too far in the future',
  );
  const { header } = world.nodes[0]!.head(0);
  const command = transfer({ creationTime: Number(header.creationTime / 1_000_000n) - 30 });
  expect(await send(world, [command])).toMatchObject({ status: 200 });
  world.network.resume(0);
  world.advance(120_000);
  expect(await poll(world, command)).toMatchObject({ result: { status: 'success' } });
});
