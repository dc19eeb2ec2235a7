import { countMinutes, formatPoints } from '@stoa/protocol/stoicism';
import { absolute, number } from '../console/format.ts';
import { Empty, Facts, Panel, Table } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { Mode } from './book.ts';
import type { Kind } from './event.ts';
import type { EventCursor, ListedEvent } from './event-store.ts';
import type { Holdings, RefusedHour } from './overview-store.ts';
import { RefusedTable } from './page.tsx';
import { startOf } from './passes.ts';

export interface OwnLedgerView {
  readonly mode: Mode;
  readonly holdings: Holdings;
  readonly events: readonly ListedEvent[];
  readonly next: EventCursor | undefined;
  /** On the first page alone. */
  readonly refused: readonly RefusedHour[];
}

/** What happened, as its owner would say it. */
const TOLD: Readonly<Record<Kind, string>> = {
  accrual: 'earned',
  fee: 'fee of a tunnel',
  pending: 'earned in warm-up, waits',
  'pending-fee': 'fee of a tunnel, waits',
  matured: 'warm-up over: Pending to Current',
  donation: 'a seed brought a node to the tip',
  mining: 'blocks mined',
  adjustment: 'adjustment',
  reserved: 'Current to Minting',
  settled: 'minted: Minting to Redeemed',
  released: 'not minted: back to Current',
  reset: 'reset',
};

/** Everything that the ledger ever wrote about an owner's nodes and accounts. */
export function OwnLedgerPage({ view }: { view: OwnLedgerView }) {
  const { mode, holdings, events, refused } = view;
  return (
    <>
      <header class="title">
        <h1>Ledger</h1>
        {mode === 'shadow' && <p class="warn">TEST: nothing of this has value on chain yet.</p>}
      </header>
      <div class="stack">
        <Panel id="holdings" title="Your accounts">
          <Facts
            facts={[
              { name: 'Pending', value: formatPoints(holdings.pending) },
              { name: 'Current', value: formatPoints(holdings.current) },
              { name: 'Minting', value: formatPoints(holdings.minting) },
              { name: 'Redeemed', value: formatPoints(holdings.redeemed) },
            ]}
          />
        </Panel>
        <Panel id="events" title="Events" aside="the newest first">
          {events.length === 0 ? (
            <Empty title="Nothing is written yet">
              <p>An hour's earnings stand here 15 minutes after its end.</p>
            </Empty>
          ) : (
            <Events view={view} />
          )}
        </Panel>
        {refused.length > 0 && (
          <Panel id="refused" title="Later words that were not paid">
            <RefusedTable refused={refused} />
          </Panel>
        )}
      </div>
    </>
  );
}

function Events({ view: { events, next } }: { view: OwnLedgerView }) {
  return (
    <>
      <Table
        caption="Events of the ledger"
        columns={[
          ...['Hour', 'Node', 'What'],
          ...['Minutes', 'Score', 'Points', 'Event'].map((word) => ({ word, num: true }) as const),
        ]}
      >
        {events.map((event) => (
          <tr>
            <th scope="row">{absolute(startOf(event.hour)).slice(0, 16)}</th>
            <td>{event.nodeId === '' ? '' : (event.label ?? event.nodeId.slice(0, 16))}</td>
            <td>
              {TOLD[event.kind]}
              {event.revision > 0 && `, later word ${event.revision}`}
            </td>
            <td class="num">{event.basis.minutes === 0n ? '' : countMinutes(event.basis.minutes)}</td>
            <td class="num">
              {event.basis.minutes === 0n ? '' : (event.basis.microScore / 1_000_000).toFixed(6)}
            </td>
            <td class="num">{formatPoints(event.amount)}</td>
            <td class="num">{number(event.sequence)}</td>
          </tr>
        ))}
      </Table>
      {next !== undefined && (
        <p>
          <a href={href(`/ledger?before=${next.ranAt}.${next.sequence}`)} rel="next">
            Earlier
          </a>
        </p>
      )}
    </>
  );
}
