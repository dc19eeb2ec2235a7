import { formatPoints } from '@stoa/protocol/stoicism';
import { number } from '../console/format.ts';
import { Empty, Table, Tabs } from '../console/parts.tsx';
import { AsOf } from './page.tsx';
import type { EconomicsStore } from './store.ts';

export type LeadersView = Awaited<ReturnType<EconomicsStore['leaders']>>;

const PATH = '/explorer/leaders';

/** Who earned most in a region on the last whole day: accounts, and no e-mails. */
export function LeadersPage({ view, now }: { view: LeadersView; now: number }) {
  return (
    <div class="public">
      <header class="title">
        <h1>Leaderboards</h1>
        {view !== undefined && <AsOf head={view.head} now={now} />}
      </header>
      {view === undefined ? (
        <Empty title="No day is over yet">
          <p>The first board is made once every hour of a UTC day is closed.</p>
        </Empty>
      ) : (
        <Board view={view} />
      )}
    </div>
  );
}

function Board({ view: { day, regions, region, rows } }: { view: NonNullable<LeadersView> }) {
  const name = new Date(day * 86_400_000).toISOString().slice(0, 10);
  return (
    <>
      <Tabs
        label="Regions"
        tabs={regions.map((one) => ({
          id: one,
          word: one,
          href: `${PATH}?region=${encodeURIComponent(one)}`,
        }))}
        active={region}
      />
      <Table
        caption={`Accounts that earned most in ${region} on ${name}`}
        columns={[
          { word: 'Place', num: true },
          'Since the day before',
          'Account',
          ...['Nodes', `Points of ${name}`].map((word) => ({ word, num: true }) as const),
        ]}
      >
        {rows.map((row) => (
          <tr>
            <td class="num">{row.place}</td>
            <td>{change(row.rose)}</td>
            <th scope="row" class="rich-account">
              <a href={`/explorer/rich?account=${encodeURIComponent(row.account)}`} title={row.account}>
                {shortened(row.account)}
              </a>
            </th>
            <td class="num">{number(row.nodes)}</td>
            <td class="num">{formatPoints(row.amount, 6)}</td>
          </tr>
        ))}
      </Table>
      <p class="acts">
        <a class="quiet" href={`${PATH}.json?region=${encodeURIComponent(region)}`}>
          JSON
        </a>
      </p>
    </>
  );
}

function change(rose: number | undefined): string {
  if (rose === undefined) return 'new';
  if (rose === 0) return 'same';
  return rose > 0 ? `▲ up ${rose}` : `▼ down ${-rose}`;
}

function shortened(account: string): string {
  const glyphs = [...account];
  return glyphs.length <= 28 ? account : `${glyphs.slice(0, 14).join('')}…${glyphs.slice(-8).join('')}`;
}
