import { formatPoints } from '@stoa/protocol/stoicism';
import type { LedgerMode } from '#ledger/index.ts';
import { grouped, number } from '../console/format.ts';
import { Ago, Empty, Panel, Table } from '../console/parts.tsx';
import { DayChart, type Series } from './chart.tsx';
import type { Overview, Share, SupplyDay } from './store.ts';

const PATH = '/explorer/economics';
const UNITS = 1e12;
const DECIMALS = 2;

const KINDS: Readonly<Record<string, string>> = {
  accrual: 'Minutes that passed every gate',
  pending: 'Minutes in warm-up',
  fee: 'Tunnel fees',
  'pending-fee': 'Tunnel fees in warm-up',
  donation: 'Seeds given',
  mining: 'Blocks mined',
  adjustment: 'Adjustments',
};

/** Where points come from, how many there are, and who has them. Nobody is named. */
export function EconomicsPage({ overview, now }: { overview: Overview | undefined; now: number }) {
  return (
    <div class="public">
      <header class="title">
        <h1>Economics</h1>
        {overview !== undefined && <AsOf head={overview.head} now={now} />}
      </header>
      {overview === undefined || overview.days.length === 0 ? (
        <Empty title="Nothing has been earned yet">
          <p>
            The ledger closes an hour 15 minutes after its end; this page is made anew 25 minutes past. To add
            a node, <a href="/fleet">sign in</a>.
          </p>
        </Empty>
      ) : (
        <Economics overview={overview} />
      )}
    </div>
  );
}

export function AsOf({ head, now }: { head: { asOf: number; mode: LedgerMode }; now: number }) {
  return (
    <p class="pulse">
      {head.mode === 'shadow' && (
        <span class="stamp">
          <strong>TEST</strong> without value on chain
        </span>
      )}
      <span>
        as of <Ago at={head.asOf} now={now} />
      </span>
    </p>
  );
}

function Economics({ overview: { days, shares, kinds, supply } }: { overview: Overview }) {
  const now = supply.at(-1);
  return (
    <>
      <div class="charts">
        <DayChart series={seriesOf('Emission a day', days, ({ amount }) => amount)} />
        <DayChart series={seriesOf('Outstanding and Redeemed', supply, supplied)} />
        <DayChart
          series={{
            title: 'Gini coefficient',
            last: now === undefined ? '–' : gini(now.gini),
            highest: gini(Math.max(0, ...supply.map((one) => one.gini))),
            points: supply.map((one) => ({ day: one.day, value: one.gini })),
          }}
        />
      </div>
      {now !== undefined && <SupplyPanel supply={now} />}
      {now !== undefined && <ConcentrationPanel supply={now} />}
      <Panel id="emission" title="Emission" aside="by the region and role of nodes, since day one">
        <Emission shares={shares} />
      </Panel>
      <Panel id="rules" title="By rule" aside="what each has brought since day one">
        <Table caption="Points by rule" columns={['Rule', { word: 'Points', num: true }]}>
          {kinds.map(({ kind, amount }) => (
            <tr>
              <th scope="row">{KINDS[kind] ?? kind}</th>
              <td class="num">{points(amount)}</td>
            </tr>
          ))}
        </Table>
      </Panel>
      <p class="acts">
        <a class="quiet" href={`${PATH}.csv`} download>
          CSV
        </a>
        <a class="quiet" href={`${PATH}.json`}>
          JSON
        </a>
      </p>
    </>
  );
}

function SupplyPanel({ supply }: { supply: SupplyDay }) {
  const { accounts, pending, current, minting, redeemed } = supply;
  return (
    <Panel
      id="supply"
      title="Supply"
      aside={accounts === 1 ? '1 account has points' : `${number(accounts)} accounts have points`}
    >
      <Table caption="Where points are" columns={['Balance', { word: 'Points', num: true }, 'What it is']}>
        {(
          [
            ['Pending', pending, 'waits for the end of warm-ups'],
            ['Current', current, 'outstanding: minted in whole points, daily'],
            ['Minting', minting, 'on its way'],
            ['Redeemed', redeemed, 'minted'],
          ] as const
        ).map(([name, units, note]) => (
          <tr>
            <th scope="row">{name}</th>
            <td class="num">{points(units)}</td>
            <td>{note}</td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

function ConcentrationPanel({ supply }: { supply: SupplyDay }) {
  const all = supply.current + supply.minting + supply.redeemed;
  return (
    <Panel id="concentration" title="Concentration" aside="of Current, Minting and Redeemed together">
      <Table
        caption="How points are spread"
        columns={['Accounts', { word: 'Share', num: true }, { word: 'Points', num: true }]}
      >
        {(
          [
            ['The one that has most', supply.top1],
            ['The ten', supply.top10],
            ['The hundred', supply.top100],
          ] as const
        ).map(([name, units]) => (
          <tr>
            <th scope="row">{name}</th>
            <td class="num">{share(units, all)}</td>
            <td class="num">{points(units)}</td>
          </tr>
        ))}
      </Table>
      <p class="footnote">
        Gini coefficient {gini(supply.gini)}: 0 is all alike, 1 is one who has everything.
      </p>
    </Panel>
  );
}

function Emission({ shares }: { shares: readonly Share[] }) {
  const all = shares.reduce((sum, one) => sum + one.all, 0n);
  return (
    <Table
      caption="Points by region and role"
      columns={[
        ...['Region', 'Role'],
        ...['Last 7 days', 'Since day one', 'Share'].map((word) => ({ word, num: true }) as const),
      ]}
    >
      {shares.map((one) => (
        <tr>
          <th scope="row">{one.region}</th>
          <td>{one.role === '' ? 'no node: bonuses and adjustments' : one.role}</td>
          <td class="num">{points(one.week)}</td>
          <td class="num">{points(one.all)}</td>
          <td class="num">{share(one.all, all)}</td>
        </tr>
      ))}
    </Table>
  );
}

function supplied({ pending, current, minting, redeemed }: SupplyDay): bigint {
  return pending + current + minting + redeemed;
}

function seriesOf<T extends { readonly day: number }>(
  title: string,
  days: readonly T[],
  of: (day: T) => bigint,
): Series {
  const last = days.at(-1);
  const highest = days.map(of).sort((a, b) => (a < b ? 1 : -1))[0] ?? 0n;
  return {
    title,
    last: last === undefined ? '–' : points(of(last)),
    highest: points(highest),
    // A picture: digits behind the fifteenth are not drawn.
    points: days.map((day) => ({ day: day.day, value: Number(of(day)) / UNITS })),
  };
}

function points(units: bigint): string {
  return grouped(formatPoints(units, DECIMALS));
}

function gini(millionths: number): string {
  return (millionths / 1e6).toFixed(3);
}

/** In per cent with a digit after the point; of nothing, nothing. */
export function share(part: bigint, whole: bigint): string {
  return whole === 0n ? '–' : `${(Number((part * 1_000n) / whole) / 10).toFixed(1)}\u00a0%`;
}
