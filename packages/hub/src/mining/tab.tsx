import { duration, number } from '../console/format.ts';
import { Ago, Empty, Panel, Table, Unknown } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { Balances } from './balances.ts';
import { isSilent, LEAST_BLOCKS, SILENT_CHANCE, usualGapMs } from './silence.ts';
import type { KeyDay, KeyStanding } from './store.ts';

export interface MinedKey {
  readonly key: string;
  readonly standing: KeyStanding;
  readonly balances: Balances | undefined;
  /** Somebody signed a challenge with it, so that its blocks earn points. */
  readonly proven: boolean;
}

export interface MiningView {
  /** Undefined: the agent has not told its arguments yet. */
  readonly keys: readonly MinedKey[] | undefined;
  readonly days: readonly KeyDay[];
  /** Since when every chain is counted; undefined: none is, the hub has no node to ask. */
  readonly since: number | undefined;
  /** Up to when every chain is counted. */
  readonly through: number | undefined;
  readonly now: number;
}

/** What a node mines to: blocks that are verified, beside what is only somebody's word, which names whose. */
export function MiningTab({ view }: { view: MiningView }) {
  const { keys, days, since, through, now } = view;
  if (keys === undefined || keys.length === 0)
    return (
      <Empty title={keys === undefined ? 'Its arguments are not known yet' : 'It mines to no key'}>
        <p>
          A node mines to the key of <code>--mining-public-key</code>, as its agent reads its arguments.
        </p>
      </Empty>
    );
  return (
    <div class="stack">
      {since === undefined ? (
        <Empty title="Blocks are not counted here">
          <p>
            The hub asks its own node for payloads: its admin sets <code>CHAINWEB_URL</code>.
          </p>
        </Empty>
      ) : (
        <p class="footnote">
          Blocks are those whose payload hashes to a header that the hub verified, 20 blocks deep, counted
          since <Ago at={since} now={now} />. Which key the node mines to is its agent’s word.
        </p>
      )}
      {keys.map((one) => (
        <KeyPanel one={one} now={now} through={through} />
      ))}
      {days.length > 0 && <DaysPanel days={days} />}
    </div>
  );
}

function KeyPanel({ one, now, through }: { one: MinedKey; now: number; through: number | undefined }) {
  const { key, standing, proven } = one;
  const { lastBlock, history, blocks, orphans } = standing;
  const usual = usualGapMs(history);
  return (
    <Panel
      id={`key-${key.slice(0, 8)}`}
      title={`Key ${key.slice(0, 8)}…${key.slice(-8)}`}
      aside={<code title={key}>k:{key.slice(0, 8)}…</code>}
    >
      <div class="stack">
        {through !== undefined && isSilent(history, through) && (
          <p class="warning" role="status">
            No block for {duration(through - history.lastAt)}, as far as blocks are counted: its last{' '}
            {history.blocks} came every {duration(usual!)}, and at that rate so long a wait comes once in{' '}
            {number(1 / SILENT_CHANCE)} blocks. Look at the miners of this key, and at your{' '}
            <a href={href('/alerts')}>alerts</a>.
          </p>
        )}
        {!proven && (
          <p class="warning">
            Its blocks earn no points: nobody signed a challenge with it.{' '}
            <a href={href('/settings/payout')}>Prove the account k:{key.slice(0, 8)}…</a>
          </p>
        )}
        {through !== undefined && (
          <Table
            caption={`Blocks of key ${key.slice(0, 8)}`}
            columns={[
              'Last block',
              ...['In 7 days', 'Of them lost', 'Usually one in'].map(
                (word) => ({ word, num: true }) as const,
              ),
            ]}
          >
            <tr>
              <td>
                {lastBlock === undefined ? (
                  <Unknown why="none in the 35 days that blocks are kept" />
                ) : (
                  <span title={lastBlock.hash}>
                    chain {lastBlock.chain}, height {number(lastBlock.height)},{' '}
                    <Ago at={lastBlock.at} now={now} />
                  </span>
                )}
              </td>
              <td class="num">{number(blocks)}</td>
              <td class="num" title="orphans that were reported to the hub: at least so many">
                {number(orphans)}
              </td>
              <td class="num">
                {usual === undefined ? (
                  <Unknown why={`${LEAST_BLOCKS} blocks are needed to say`} />
                ) : (
                  duration(usual)
                )}
              </td>
            </tr>
          </Table>
        )}
        <ByChain one={one} />
      </div>
    </Panel>
  );
}

function ByChain({ one: { key, standing, balances } }: { one: MinedKey }) {
  if (balances === undefined) return null;
  return (
    <>
      <Table
        caption={`Chains of key ${key.slice(0, 8)}`}
        columns={[
          'Chain',
          { word: 'Blocks in 7 days', num: true },
          { word: `STOA, says ${balances.saidBy}`, num: true },
        ]}
      >
        {balances.chains.map(({ chain, balance }) => (
          <tr>
            <th scope="row">{chain}</th>
            <td class="num">{number(standing.byChain.get(chain) ?? 0)}</td>
            <td class="num">{balance ?? <Unknown why={`${balances.saidBy} does not tell it`} />}</td>
          </tr>
        ))}
      </Table>
      <p class="footnote">
        Balances of <code>k:{key.slice(0, 8)}…</code> are that one node’s word, not verified.
      </p>
    </>
  );
}

function DaysPanel({ days }: { days: readonly KeyDay[] }) {
  return (
    <Panel id="mined-days" title="Day by day" aside="UTC; a block earns 0.01 points where its key is proven">
      <Table
        caption="Blocks by day"
        columns={['Day', ...['Blocks', 'Lost'].map((word) => ({ word, num: true }) as const)]}
      >
        {days.map(({ day, blocks, orphans }) => (
          <tr>
            <th scope="row">{new Date(day * 86_400_000).toISOString().slice(0, 10)}</th>
            <td class="num">{number(blocks)}</td>
            <td class="num">{number(orphans)}</td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}
