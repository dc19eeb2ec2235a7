import { GAS_DAYS, type GasAccount } from '#mint/index.ts';
import { Ago, Panel, Table } from '../console/parts.tsx';
import { stoa } from './words.ts';

/** Who pays for gas on each chain, and whether it lasts. Nothing where nobody reads it: this region mints nothing. */
export function GasPanel({ accounts, now }: { accounts: readonly GasAccount[]; now: number }) {
  if (accounts.length === 0) return null;
  const low = accounts.filter(({ lowSince }) => lowSince !== undefined);
  return (
    <Panel
      id="gas"
      title="Gas accounts"
      aside={`what each chain holds against ${GAS_DAYS} days at the present price`}
    >
      {low.length > 0 && (
        <p class="warning" role="alert">
          Running low on {low.length === 1 ? 'chain' : 'chains'} {low.map(({ chain }) => chain).join(', ')}:
          the mint stops where its account can’t pay a whole gas limit. Send coins to it on that chain.
        </p>
      )}
      <Table
        caption="Accounts that pay for gas"
        columns={[
          'Chain',
          ...['It has', `${GAS_DAYS} days need`, 'Missing'].map((word) => ({ word, num: true }) as const),
          ...['Read', 'Account'],
        ]}
      >
        {accounts.map((one) => (
          <tr>
            <th scope="row">{one.chain}</th>
            <td class="num whole">{stoa(one.balance)}</td>
            <td class="num whole">{stoa(one.needed)}</td>
            <td class="num whole">
              {one.lowSince === undefined ? (
                'enough'
              ) : (
                <strong class="warn">{stoa(one.needed - one.balance)}</strong>
              )}
            </td>
            <td>
              <Ago at={one.readAt} now={now} />
            </td>
            <td>
              <code>{one.account}</code>
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}
