import { dayText } from '#mint/index.ts';
import { number } from '../console/format.ts';
import { Ago, Empty, Table } from '../console/parts.tsx';
import { PATH } from './explorer-path.ts';
import { EpochState } from './parts.tsx';
import type { ListedEpoch } from './sweep-store.ts';

export interface MintsView {
  readonly epochs: readonly ListedEpoch[];
  readonly before: number | undefined;
  readonly more: boolean;
  readonly now: number;
}

/** Every day's mint, for everybody. Nobody is named. */
export function MintsPage({ view: { epochs, before, more, now } }: { view: MintsView }) {
  const place = before === undefined ? '' : `?before=${dayText(before)}`;
  return (
    <div class="public">
      <header class="title">
        <h1>Mints</h1>
      </header>
      <p class="lead">
        Once a day the whole points of every proven account are added to registers on ten chains: one
        transaction a chain in the usual case, fixed by one plan a day. What was planned, what was sent and
        what stands on chain is here, with what it takes to check each.
      </p>
      {epochs.length === 0 ? (
        <Empty title={before === undefined ? 'Nothing was minted yet' : 'There are no earlier mints'}>
          <p>
            {before === undefined ? (
              'The first plan is made at 06:00 UTC.'
            ) : (
              <a href={PATH}>Back to the newest</a>
            )}
          </p>
        </Empty>
      ) : (
        <Table
          caption="Mints, the newest first"
          columns={[
            ...['Day', 'State'],
            ...['Points', 'Accounts', 'Transactions', 'Gas'].map((word) => ({ word, num: true }) as const),
            ...['Cut', 'Plan'],
          ]}
        >
          {epochs.map((one) => (
            <MintRow one={one} now={now} />
          ))}
        </Table>
      )}
      <nav class="pager" aria-label="Pages">
        {before !== undefined && <a href={PATH}>Newest</a>}
        {more && (
          <a rel="next" href={`${PATH}?before=${dayText(epochs.at(-1)!.epoch)}`}>
            Earlier
          </a>
        )}
        <a href={`${PATH}.json${place}`}>JSON</a>
      </nav>
    </div>
  );
}

function MintRow({ one, now }: { one: ListedEpoch; now: number }) {
  const day = dayText(one.epoch);
  return (
    <tr>
      <th scope="row" class="whole">
        <a href={`${PATH}/${day}`}>{day}</a> {one.mode === 'shadow' && <span class="mark">TEST</span>}
      </th>
      <td>
        <EpochState state={one.state} />
      </td>
      {[one.points, one.accounts, one.transactions, one.gas].map((value) => (
        <td class="num">{number(value)}</td>
      ))}
      <td>
        <Ago at={one.cutAt} now={now} />
      </td>
      <td>
        <code title={one.planHash}>{one.planHash.slice(0, 16)}…</code>
      </td>
    </tr>
  );
}
