import { number } from '../console/format.ts';
import { Empty, Panel, Table, Unknown } from '../console/parts.tsx';
import type { OwnMint } from './sources.ts';

const MEANS: Readonly<Record<OwnMint['state'], string>> = {
  'on its way': 'reserved from Current, not deep enough in the chain yet',
  stopped: 'an admin looks at it; nothing is lost, nothing is minted twice',
  final: 'six blocks deep in the chain',
  minted: 'in the register of the chain, and in Redeemed',
  'given back': 'the day was given up: the points are in Current again, for a later day',
};

/** What each day minted to the owner's accounts, and where everybody can check it. */
export function MintsPanel({ mints }: { mints: readonly OwnMint[] }) {
  return (
    <Panel
      id="mints"
      title="Mints"
      aside="whole points, once a day, of accounts whose key you proved to hold"
    >
      {mints.length === 0 ? (
        <Empty title="Nothing was minted to you yet">
          <p>
            It takes a whole point in Current and a proof that you hold the account:{' '}
            <a href="/explorer/mints">how a day is minted</a>.
          </p>
        </Empty>
      ) : (
        <Table
          caption="What was minted to your accounts"
          columns={[
            ...['Day', 'Account'],
            ...['Points', 'Chain', 'Slot'].map((word) => ({ word, num: true }) as const),
            ...['State', 'Transaction'],
          ]}
        >
          {mints.map((mint) => (
            <Row mint={mint} />
          ))}
        </Table>
      )}
    </Panel>
  );
}

function Row({
  mint: { day, mode, account, points, chain, slot, batch, state, requestKey },
}: {
  mint: OwnMint;
}) {
  return (
    <tr>
      <th scope="row" class="whole">
        <a href={`/explorer/mints/${day}#batch-${chain}-${batch}`}>{day}</a>{' '}
        {mode === 'shadow' && <span class="mark">TEST</span>}
      </th>
      <td>
        <code title={account}>{account.length > 16 ? `${account.slice(0, 14)}…` : account}</code>
      </td>
      <td class="num">{number(points)}</td>
      <td class="num">{chain}</td>
      <td class="num">{number(slot)}</td>
      <td title={MEANS[state]}>{state === 'stopped' ? <strong class="warn">stopped</strong> : state}</td>
      <td>
        {requestKey === undefined ? (
          <Unknown why="not sent yet" />
        ) : (
          <code title={requestKey}>{requestKey.slice(0, 16)}…</code>
        )}
      </td>
    </tr>
  );
}
