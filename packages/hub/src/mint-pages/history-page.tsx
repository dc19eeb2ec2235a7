import { dayText, type GasAccount } from '#mint/index.ts';
import { number } from '../console/format.ts';
import { Empty, Panel, Table } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { GasPanel } from './gas-panel.tsx';
import { After, EpochState, Instant } from './parts.tsx';
import { isEnded } from './sweep.ts';
import type { ListedEpoch } from './sweep-store.ts';

export interface HistoryView {
  readonly epochs: readonly ListedEpoch[];
  /** Before which day the page begins; undefined: with the newest. */
  readonly before: number | undefined;
  readonly more: boolean;
  readonly gas: readonly GasAccount[];
  readonly now: number;
}

/** Every day that was cut, and how long each took. */
export function HistoryPage({ view: { epochs, before, more, gas, now } }: { view: HistoryView }) {
  return (
    <>
      <header class="title">
        <h1>Mint</h1>
        <p>
          <a href="/explorer/mints">As everybody sees it</a>
        </p>
      </header>
      <div class="stack">
        {epochs.length === 0 && before === undefined ? <NothingYet /> : <Epochs epochs={epochs} />}
        {before === undefined && <GasPanel accounts={gas} now={now} />}
      </div>
      <nav class="pager" aria-label="Pages">
        {before !== undefined && (
          <a rel="prev" href={href('/admin/mint')}>
            Newest
          </a>
        )}
        {more && (
          <a rel="next" href={href(`/admin/mint?before=${dayText(epochs.at(-1)!.epoch)}`)}>
            Earlier
          </a>
        )}
      </nav>
    </>
  );
}

function NothingYet() {
  return (
    <Empty title="No day was cut yet">
      <p>
        Each day at 06:00 UTC, once every hour before it is closed, the whole points of proven accounts are
        reserved and minted into registers on ten chains. It takes a contract, a signer and nodes that are
        configured. What today’s plan would be:
      </p>
      <pre tabindex={0}>
        <code>stoa-hub mint plan DAY</code>
      </pre>
    </Empty>
  );
}

function Epochs({ epochs }: { epochs: readonly ListedEpoch[] }) {
  const tellsContract = new Set(epochs.map(({ contract }) => contract)).size > 1;
  return (
    <Panel id="epochs" title="Sweeps" aside="the newest first; times of the day in UTC">
      <Table
        caption="Sweeps, the newest first"
        columns={[
          ...['Day', 'State'],
          ...[
            'Points',
            'Accounts',
            'Transactions',
            'Gas',
            'First sent',
            'Last mined',
            'Final',
            'Settled',
          ].map((word) => ({ word, num: true }) as const),
          ...(tellsContract ? ['Contract'] : []),
        ]}
      >
        {epochs.map((epoch) => (
          <Row {...{ epoch, tellsContract }} />
        ))}
      </Table>
    </Panel>
  );
}

/** @param by.tellsContract days of several are listed. */
function Row({ epoch, tellsContract }: { epoch: ListedEpoch; tellsContract: boolean }) {
  const { state, mode, points, accounts, transactions, gas, stopped, firstSentAt } = epoch;
  const day = dayText(epoch.epoch);
  return (
    <tr>
      <th scope="row" class="whole">
        <a href={href(`/admin/mint/${day}`)}>{day}</a> {mode === 'shadow' && <span class="mark">TEST</span>}
      </th>
      <td>
        <EpochState state={state} stopped={isEnded(epoch) ? 0 : stopped} />
      </td>
      <td class="num">{number(points)}</td>
      <td class="num">{number(accounts)}</td>
      <td class="num">{number(transactions)}</td>
      <td class="num">{number(gas)}</td>
      <td class="num">
        <Instant at={firstSentAt} />
      </td>
      <td class="num">
        <After at={epoch.minedAt} from={firstSentAt} />
      </td>
      <td class="num">
        <After at={epoch.finalAt} from={firstSentAt} />
      </td>
      <td class="num">
        <After at={state === 'settled' ? epoch.endedAt : undefined} from={firstSentAt} />
      </td>
      {tellsContract && (
        <td>
          <code>{epoch.contract}</code>
        </td>
      )}
    </tr>
  );
}
