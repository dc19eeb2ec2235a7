import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toBase64Url } from '../bytes.ts';
import { type CommandSetting, commandText, type MintAct, requestKey, WIDEST_SETTING } from './command.ts';
import { widestBytes } from './limits.ts';

const DIGEST = 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0';
const NAMESPACE = 'n_4fa2b1f3ed5bd71ec0f1a1f9ab3c7e12e5be0a11';
const setting: CommandSetting = {
  networkId: 'stoa',
  namespace: NAMESPACE,
  module: 'register',
  moduleHash: 'kWjYEnXZKVcPcBs7sYRjgPCsqvOwvp4RTyFXZlmKMpY',
  sender: `k:${'ab'.repeat(32)}`,
  publicKey: 'ab'.repeat(32),
  chain: 3,
  gasPrice: 1.1e-8,
  gasLimit: 361_000,
  creationTime: 1_795_672_800,
  ttl: 3_600,
  attempt: 0,
};
const mint: MintAct = { kind: 'mint', epoch: 20_783, batch: 1, deltas: '[[1 2] []]', sum: 3, digest: DIGEST };

const parsed = (act: MintAct, changed: Partial<CommandSetting> = {}) => {
  const cmd = JSON.parse(commandText(act, { ...setting, ...changed }));
  return { ...cmd.payload.exec, nonce: cmd.nonce, scope: cmd.signers[0].clist };
};

describe('the command of a batch', () => {
  it('is these bytes, whoever writes them', () => {
    expect(commandText(mint, setting)).toBe(
      `{"payload":{"exec":{"code":"(use ${NAMESPACE}.register \\"${setting.moduleHash}\\")` +
        `(update-registers 20783 1 [[1 2] []] 3 \\"${DIGEST}\\")","data":{}}},` +
        `"nonce":"stoicism:20783:3:1:0","signers":[{"pubKey":"${setting.publicKey}","scheme":"ED25519","clist":[` +
        `{"name":"coin.GAS","args":[]},{"name":"${NAMESPACE}.register.MINT","args":[{"int":"20783"},{"int":"1"},` +
        `{"int":"3"},"${DIGEST}"]}]}],"meta":{"gasLimit":361000,"gasPrice":1.1e-8,"sender":"${setting.sender}",` +
        `"ttl":3600,"creationTime":1795672800,"chainId":"3"},"networkId":"stoa"}`,
    );
  });

  it('of another attempt differs in its nonce alone', () => {
    const [first, second] = [commandText(mint, setting), commandText(mint, { ...setting, attempt: 1 })];
    expect(second).toBe(first.replace('20783:3:1:0', '20783:3:1:1'));
    expect(requestKey(second)).not.toBe(requestKey(first));
  });
});

describe('the other acts', () => {
  it('open an epoch, scoped to OPEN', () => {
    const open = parsed({ kind: 'open', epoch: 20_783, cap: 12, bounds: [0, 2, 5], digest: DIGEST });
    expect(open.code.endsWith(`(open-epoch 20783 12 [0 2 5] "${DIGEST}")`)).toBe(true);
    expect(open.nonce).toBe('stoicism:20783:3:open:0');
    expect(open.scope[1]).toEqual({
      name: `${NAMESPACE}.register.OPEN`,
      args: [{ int: '20783' }, { int: '12' }, DIGEST],
    });
  });

  it('close an epoch that is given up, scoped to CLOSE', () => {
    const close = parsed({ kind: 'close', epoch: 20_783, total: 7 });
    expect(close.code.endsWith('(close-epoch 20783 7)')).toBe(true);
    expect(close.nonce).toBe('stoicism:20783:3:close:0');
    expect(close.scope[1].args).toEqual([{ int: '20783' }, { int: '7' }]);
  });

  it('enrol accounts, whose names are data and never code', () => {
    const accounts = ['k:"quoted"', 'Ѻ.éñ\\'];
    const enrol = parsed({ kind: 'enrol', first: 120, accounts, digest: DIGEST });
    expect(enrol.code.endsWith(`(enrol 120 (read-msg "accounts") "${DIGEST}")`)).toBe(true);
    expect(enrol.data).toEqual({ accounts });
    expect(enrol.nonce).toBe('stoicism:enrol:3:120:0');
    expect(enrol.scope[1].args).toEqual([{ int: '120' }, { int: '2' }, DIGEST]);
  });

  it('never share a nonce on one chain', () => {
    const acts: MintAct[] = [
      mint,
      { ...mint, batch: 0 },
      { kind: 'open', epoch: 20_783, cap: 0, bounds: [0], digest: DIGEST },
      { kind: 'close', epoch: 20_783, total: 0 },
      { kind: 'enrol', first: 1, accounts: ['k:a'], digest: DIGEST },
    ];
    expect(new Set(acts.map((act) => parsed(act).nonce)).size).toBe(acts.length);
  });
});

describe('a setting', () => {
  const widths = fc.record({
    chain: fc.nat({ max: 9 }),
    gasPrice: fc.integer({ min: 1, max: 999_999_999_999 }).map((pico) => Number(`${pico}e-12`)),
    gasLimit: fc.nat({ max: 1_500_000 }),
    creationTime: fc.nat({ max: 2_147_483_647 }),
    ttl: fc.nat({ max: 9_999 }),
    attempt: fc.nat({ max: 99 }),
  });

  it('that is taken never makes a command longer than the widest one', () => {
    fc.assert(
      fc.property(widths, (numbers) => {
        const cmd = commandText(mint, { ...setting, ...numbers });
        expect(Buffer.byteLength(cmd)).toBeLessThanOrEqual(widestBytes(mint));
      }),
    );
  });

  it.each([
    ['namespace', 'n_") (evil "'],
    ['module', `m${'m'.repeat(32)}`],
    ['moduleHash', 'short'],
    ['sender', `k:${'0'.repeat(65)}`],
    ['sender', 'a b'],
    ['publicKey', 'AB'.repeat(32)],
    ['networkId', ''],
    ['chain', 10],
    ['gasPrice', 0],
    ['gasPrice', 1.000_000_000_000_1e-8],
    ['gasLimit', 1_500_001],
    ['creationTime', 1.5],
    ['ttl', -1],
    ['attempt', 100],
  ] as const)('whose %s is %j is refused, and named', (field, value) => {
    const wrong = () => commandText(mint, { ...setting, [field]: value });
    expect(wrong).toThrow(expect.objectContaining({ name: 'MintError', code: 'bad_setting' }));
    expect(wrong).toThrow(field);
  });

  it('that is the widest is taken', () => {
    expect(commandText(mint, WIDEST_SETTING).length).toBe(widestBytes(mint));
  });
});

describe('an act', () => {
  it.each<MintAct>([
    { ...mint, deltas: '[[1 2]] 0 "x")(evil' },
    { ...mint, digest: '"' },
    { ...mint, sum: -1 },
    { ...mint, epoch: 0.5 },
    { kind: 'open', epoch: 1, cap: 1, bounds: [0, Number.NaN], digest: DIGEST },
    { kind: 'enrol', first: 0, accounts: [''], digest: DIGEST },
    { kind: 'enrol', first: 0, accounts: ['\ud800'], digest: DIGEST },
  ])('whose parts could leave their place is refused: %j', (act) => {
    expect(() => commandText(act, setting)).toThrow(expect.objectContaining({ code: 'bad_act' }));
  });
});

it('a request key is BLAKE2b-256 of the text, base64url (the vector of RFC 7693 at 32 bytes)', () => {
  const abc = 'bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319';
  expect(requestKey('abc')).toBe(toBase64Url(fromHex(abc)));
});
