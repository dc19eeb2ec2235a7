import { formatPoints } from '@stoa/protocol/stoicism';
import { grouped, number } from '../console/format.ts';
import { Ago, Empty, Table } from '../console/parts.tsx';
import type { RichHead, RichPage, RichRow } from './store.ts';

export interface RichView {
  readonly page: RichPage | undefined;
  readonly now: number;
  /** Behind which place it begins. */
  readonly after: number;
  /** The account that was asked for; empty: none was. */
  readonly account: string;
  readonly more: boolean;
}

const PATH = '/explorer/rich';

/** Accounts by what they have. Nothing personal: whom an account belongs to is in no part of it. */
export function RichListPage({ view }: { view: RichView }) {
  const { page, now } = view;
  return (
    <div class="public">
      <header class="title">
        <h1>Rich list</h1>
        {page !== undefined && <AsOf head={page.head} now={now} />}
      </header>
      {page === undefined || page.head.accounts === 0 ? (
        <Empty title="Nobody has earned anything yet">
          <p>The list is made anew each hour, 20 minutes past.</p>
        </Empty>
      ) : (
        <List view={view} page={page} />
      )}
    </div>
  );
}

function AsOf({ head, now }: { head: RichHead; now: number }) {
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
      <span>
        {head.accounts === 1 ? '1 account' : `${number(head.accounts)} accounts`},{' '}
        {grouped(formatPoints(head.total, 2))} points
      </span>
    </p>
  );
}

function List({ view: { account, after, more }, page: { rows } }: { view: RichView; page: RichPage }) {
  return (
    <>
      <search>
        <form action={PATH} class="inline-form">
          <div class="field">
            <label for="account">Where is an account?</label>
            <input
              id="account"
              name="account"
              type="text"
              value={account}
              maxlength={400}
              placeholder="k:…"
            />
          </div>
          <button type="submit" class="quiet">
            Find
          </button>
        </form>
      </search>
      {rows.length === 0 ? (
        <Empty title={account === '' ? 'The list ends before this place' : 'This account is not in the list'}>
          <p>
            <a href={PATH}>Back to the first page</a>
          </p>
        </Empty>
      ) : (
        <Rows rows={rows} />
      )}
      <nav class="pager" aria-label="Pages">
        {(after > 0 || account !== '') && <a href={PATH}>First</a>}
        {more && (
          <a rel="next" href={`${PATH}?after=${rows.at(-1)?.place}`}>
            Next
          </a>
        )}
        <a href={`${PATH}.csv?after=${after}`} download>
          CSV
        </a>
        <a href={`${PATH}.json?after=${after}`}>JSON</a>
      </nav>
    </>
  );
}

function Rows({ rows }: { rows: readonly RichRow[] }) {
  return (
    <Table
      caption="Accounts by Redeemed and Current"
      columns={[
        { word: 'Place', num: true },
        'Account',
        ...['Redeemed', 'Current', 'Together'].map((word) => ({ word, num: true }) as const),
        'Since the hour before',
      ]}
    >
      {rows.map((row) => (
        <tr>
          <td class="num">{number(row.place)}</td>
          <th scope="row" class="rich-account">
            <a href={`${PATH}?account=${encodeURIComponent(row.account)}`} title={row.account}>
              {shortened(row.account)}
            </a>
          </th>
          {[row.redeemed, row.current, row.redeemed + row.current].map((units) => (
            <td class="num" title={formatPoints(units)}>
              {grouped(formatPoints(units, 2))}
            </td>
          ))}
          <td>{change(row.rose)}</td>
        </tr>
      ))}
    </Table>
  );
}

function change(rose: number | undefined): string {
  if (rose === undefined) return 'new';
  if (rose === 0) return 'same';
  return rose > 0 ? `▲ up ${number(rose)}` : `▼ down ${number(-rose)}`;
}

/** An Ouronet account has 162 glyphs: its ends tell it apart, the title has all of it. */
function shortened(account: string): string {
  const glyphs = [...account];
  return glyphs.length <= 28 ? account : `${glyphs.slice(0, 14).join('')}…${glyphs.slice(-8).join('')}`;
}
