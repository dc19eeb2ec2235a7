import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoinBalances } from './balances.ts';
import { miningKeysOf } from './keys.ts';
import { MiningTab, type MiningView } from './tab.tsx';

const KEY = 'a1'.repeat(32);
const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 26);
const text = (view: MiningView) => String(<MiningTab view={view} />);

describe('the mining tab', () => {
  it('reads keys as chainweb-node is given them, each once, and nothing else', () => {
    expect(miningKeysOf([`--mining-public-key=${KEY.toUpperCase()}`, '--mining-public-key', KEY])).toEqual([
      KEY,
    ]);
    expect(miningKeysOf(['--mining-public-key', '--mining-public-key=0x12', `--other=${KEY}`])).toEqual([]);
    fc.assert(
      fc.property(fc.array(fc.string()), (argv) => {
        expect(miningKeysOf(argv)).toEqual([]);
      }),
    );
  });

  it('tells verified blocks apart from what is one node’s word, and what is missing', () => {
    const none = { keys: undefined, days: [], since: undefined, through: undefined, now: NOW };
    expect(text(none)).toContain('not known yet');
    expect(text({ ...none, keys: [] })).toContain('--mining-public-key');
    const standing = {
      lastBlock: { chain: 3, height: 1_234, hash: 'h', at: NOW - 3 * DAY_MS },
      history: { blocks: 70, firstAt: NOW - 10 * DAY_MS, lastAt: NOW - 3 * DAY_MS },
      ...{ blocks: 70, orphans: 2, byChain: new Map([[3, 70]]) },
    };
    const balances = {
      saidBy: 'node.example:1848',
      chains: [
        { chain: 3, balance: '12.5' },
        { chain: 4, balance: undefined },
      ],
    };
    const one = { key: KEY, standing, balances, proven: false };
    const page = text({
      keys: [one],
      days: [{ day: 20_000, blocks: 7, orphans: 1 }],
      since: NOW - 9 * DAY_MS,
      through: NOW - 600_000,
      now: NOW,
    });
    for (const part of [
      'its last 70 came every',
      'once in 10,000 blocks',
      'nobody signed a challenge with it',
      'says node.example:1848',
      'not verified',
      'height 1,234',
      '2024-10-04',
    ])
      expect(page).toContain(part);
    const quiet = text({
      keys: [{ ...one, proven: true }],
      days: [],
      since: undefined,
      through: undefined,
      now: NOW,
    });
    expect(quiet).toContain('CHAINWEB_URL');
    expect(quiet).not.toContain('earn no points');
  });

  it('reads what an account has on each chain at one node: an account that is not there has nothing', async () => {
    const node = new URL('http://node.example:1848');
    const answers = [
      { status: 'success', data: { balance: 1.5 } },
      { status: 'success', data: { balance: { decimal: '0.123456789012' } } },
      { status: 'failure', error: { message: 'with-read: row not found: k:x' } },
      { status: 'failure', error: { message: 'Gas limit exceeded' } },
    ];
    const asked: string[] = [];
    const coins = new CoinBalances({
      ...{ node, network: 'stoa', chains: answers.length, clock: { now: () => NOW } },
      request: async (url, { body }) => {
        asked.push(body ?? '');
        const chain = Number(/\/chain\/(\d)\//.exec(url.pathname)![1]);
        return { status: 200, body: JSON.stringify({ result: answers[chain] }), retryAfterMs: undefined };
      },
    });
    const told = [coins.of(`k:${KEY}`), coins.of(`k:${KEY}`)];
    expect((await told[0])?.chains.map(({ balance }) => balance)).toEqual([
      '1.5',
      '0.123456789012',
      '0',
      undefined,
    ]);
    await told[1];
    expect(asked).toHaveLength(answers.length);
    expect(await new CoinBalances({ ...coinless(), node: undefined }).of('k:x')).toBeUndefined();
  });
});

function coinless() {
  const request = () => Promise.reject(new Error('nobody is asked'));
  return { network: 'stoa', chains: 10, clock: { now: () => NOW }, request };
}
