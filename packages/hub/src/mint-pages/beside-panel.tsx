import { number } from '../console/format.ts';
import { Ago, Panel, Table, Unknown } from '../console/parts.tsx';
import type { TransactionLinks } from './links.ts';
import { Of, Preflight, RequestKey, StateOf } from './parts.tsx';
import type { Sweep, Transaction } from './sweep.ts';
import { nameOf, reasonOf } from './words.ts';

export interface BesideView {
  readonly sweep: Sweep;
  /** Of each chain whose head the hub verified. */
  readonly heads: ReadonlyMap<number, number>;
  readonly links: TransactionLinks;
  readonly now: number;
}

/** Openings, closings and enrolments: counted in the day's total, listed apart from what mints. */
export function Beside({ sweep, heads, links, now }: BesideView) {
  const rows = sweep.transactions.filter(({ kind }) => kind !== 'mint');
  return (
    <Panel id="beside" title="Openings and enrolments" aside="in the totals; they mint nothing">
      <Table
        caption="Openings, closings and enrolments"
        columns={[
          ...['Chain', 'What', 'State', 'Since'],
          ...['Gas', 'Preflight', 'Bytes', 'Attempt', 'Block'].map((word) => ({ word, num: true }) as const),
          'Request key',
        ]}
      >
        {rows.map((one) => (
          <BesideRow transaction={one} head={heads.get(one.chain)} links={links} now={now} />
        ))}
      </Table>
    </Panel>
  );
}

function BesideRow({
  transaction,
  head,
  links,
  now,
}: {
  transaction: Transaction;
  head: number | undefined;
  links: TransactionLinks;
  now: number;
}) {
  const { kind, chain, part, since, gas, gasLimit, attempt, attempts, height, state } = transaction;
  const last = attempts.at(-1);
  return (
    <tr>
      <th scope="row">{chain}</th>
      <td>{nameOf(transaction)}</td>
      <td>
        <StateOf transaction={transaction} head={head} />
        {state === 'stopped' && `: ${reasonOf(transaction)}`}
      </td>
      <td>
        <Ago at={since} now={now} />
      </td>
      <td class="num">
        <Of some={gas} of={gasLimit} />
      </td>
      <td class="num">
        <Preflight of={transaction} />
      </td>
      <td class="num">{last === undefined ? <Unknown why="not signed yet" /> : number(last.bytes)}</td>
      <td class="num">{attempt + 1}</td>
      <td class="num">{height === undefined ? <Unknown why="in no block" /> : number(height)}</td>
      <td>
        {last === undefined ? (
          <Unknown why="not signed yet" />
        ) : (
          <RequestKey attempt={last} chain={chain} links={links} id={`key-${kind}-${chain}-${part}`} />
        )}
      </td>
    </tr>
  );
}
