import { formatScore } from '@stoa/protocol/stoicism';
import { encodeCursor } from '#nodes/index.ts';
import { number } from '../console/format.ts';
import { partial } from '../console/live.ts';
import { Empty, Panel, Table, Unknown } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { Feed } from './feed.tsx';
import type { FeedEvent } from './feed-store.ts';
import { MintsPanel } from './mints-panel.tsx';
import { type DayRow, type NodeRow, type Now, todayOf } from './reader.ts';
import type { OwnMint } from './sources.ts';
import { dayName, hourName, Points, signed, TestStamp } from './stamp.tsx';
import type { NodePlace } from './store.ts';
import { addSums, bonuses, earnedIn, KIND_WORDS, waiting } from './sums.ts';

export interface EarningsView {
  readonly now: Now;
  readonly nodes: { readonly rows: readonly NodeRow[]; readonly next: NodePlace | undefined };
  readonly days: { readonly rows: readonly DayRow[]; readonly next: number | undefined };
  readonly events: readonly FeedEvent[];
  readonly mints: readonly OwnMint[];
  /** Where the pages of nodes and days begin, as the address has it. */
  readonly place: { readonly after: string; readonly before: string };
}

const NOW_ID = 'earned-now';
const NODES_ID = 'earned-nodes';

/** Everything that an owner earned, earns now, and why not more. */
export function EarningsPage({ view }: { view: EarningsView }) {
  const { now, days, events, mints } = view;
  return (
    <>
      <header class="title">
        <h1>Earnings</h1>
        <TestStamp mode={now.mode} />
      </header>
      <NextStep now={now} />
      <EarnedNow now={now} />
      <div class="stack">
        {now.obstacles.nodes > 0 && <NodesPanel view={view} />}
        <DaysPanel view={view} />
        {days.rows.length > 0 && <RulesPanel rows={days.rows} />}
        <MintsPanel mints={mints} />
        <Panel id="events" title="As it is written" aside="what the ledger adds appears here at once">
          {events.length === 0 && (
            <Empty title="The ledger has written nothing for you yet">
              <p>It closes an hour 15 minutes after its end.</p>
            </Empty>
          )}
          <Feed events={events} />
          <p class="acts">
            <a class="quiet" href={href('/earnings/events.csv')} download>
              All events as CSV
            </a>
            <a class="quiet" href={href('/earnings/bonuses')}>
              Bonuses
            </a>
            <a class="quiet" href={href('/earnings/statements')}>
              Yearly statements
            </a>
          </p>
        </Panel>
      </div>
    </>
  );
}

/** What is in the way of earning anything, the first of it first. */
function NextStep({ now: { obstacles } }: { now: Now }) {
  if (obstacles.nodes === 0)
    return (
      <Empty title="You have no node yet">
        <p>
          <a href={href('/join')}>Add a node</a>: a minute of it earns by its ServerScore once its gates are
          open.
        </p>
      </Empty>
    );
  return (
    <>
      {obstacles.withoutAccount > 0 && (
        <p class="warning">
          {nodeCount(obstacles.withoutAccount, obstacles.nodes)} no payout account: what is earned without one
          is lost. <a href={href('/settings/payout')}>Name an account</a>
        </p>
      )}
      {obstacles.withoutScore > 0 && (
        <p class="warning">
          {nodeCount(obstacles.withoutScore, obstacles.nodes)} no ServerScore, and earns nothing by its
          minutes. Run the job <code>benchmark-node</code>: on the node’s <a href={href('/nodes')}>Jobs</a>{' '}
          tab; chainweb is stopped for 3 to 5 minutes.
        </p>
      )}
    </>
  );
}

function nodeCount(some: number, all: number): string {
  if (some === all) return all === 1 ? 'Your node has' : `Each of your ${number(all)} nodes has`;
  return some === 1 ? 'One node has' : `${number(some)} nodes have`;
}

/** What changes while one looks. */
export function earnedNow(now: Now): string {
  return partial(NOW_ID, String(<EarnedNow now={now} />));
}

function EarnedNow({ now }: { now: Now }) {
  const { holdings, open, openHours } = now;
  const still = open.paid + open.waits;
  return (
    <section class="earned" id={NOW_ID} aria-label="Balances">
      <dl>
        <Balance name="Today" units={todayOf(now)} note="since 00:00 UTC" strong />
        <Balance name="Pending" units={holdings.pending} note="until warm-ups are over" />
        <Balance name="Current" units={holdings.current} note="minted in whole points, daily" />
        {holdings.minting > 0n && <Balance name="Minting" units={holdings.minting} note="on its way" />}
        <Balance name="Redeemed" units={holdings.redeemed} note="minted" />
      </dl>
      <p class="earned-open">
        {openHours.length === 0
          ? 'Every hour of today is closed.'
          : `Of today ${formatted(still)} is not closed yet (${openHours.map((hour) => hourName(hour)).join(', ')} UTC): as the hub saw it so far. It is written once your nodes’ own checkpoints say the same.`}
      </p>
    </section>
  );
}

function formatted(units: bigint): string {
  return signed(units).replace('+', '');
}

function Balance({
  name,
  units,
  note,
  strong = false,
}: {
  name: string;
  units: bigint;
  note: string;
  strong?: boolean;
}) {
  return (
    <div class={strong ? 'is-first' : undefined}>
      <dt>{name}</dt>
      <dd>
        <Points units={units} />
        <span class="sub">{note}</span>
      </dd>
    </div>
  );
}

function NodesPanel({ view: { nodes, place } }: { view: EarningsView }) {
  return (
    <Panel id="nodes" title="By node" aside="why a node earned what it did stands on its Earnings tab">
      <NodeTable rows={nodes.rows} />
      <nav class="pager" aria-label="Pages of nodes">
        {place.after !== '' && <a href={href(earningsUrl({ before: place.before }))}>First</a>}
        {nodes.next && (
          <a rel="next" href={href(earningsUrl({ after: encodeCursor(nodes.next), before: place.before }))}>
            Next nodes
          </a>
        )}
      </nav>
    </Panel>
  );
}

function NodeTable({ rows }: { rows: readonly NodeRow[] }) {
  return (
    <div id={NODES_ID}>
      <Table
        caption="What each node earned"
        columns={[
          'Node',
          ...['Score', 'Today', 'Yesterday', 'Pending'].map((word) => ({ word, num: true }) as const),
          'Among its like',
        ]}
      >
        {rows.map((node) => (
          <tr>
            <th scope="row" class="whole">
              <a href={href(`/nodes/${node.nodeId}/earnings`)}>{node.label}</a>
            </th>
            <td class="num">
              {node.score === undefined ? <Unknown why="no benchmark yet" /> : formatScore(node.score)}
            </td>
            <td class="num">
              <Points units={node.today} />
            </td>
            <td class="num">
              <Points units={node.yesterday} />
            </td>
            <td class="num">
              <Points units={node.pending} />
            </td>
            <td>
              <Among standing={node.standing} />
            </td>
          </tr>
        ))}
      </Table>
    </div>
  );
}

/** As of the last hour that is closed. */
function Among({ standing }: { standing: NodeRow['standing'] }) {
  if (standing === undefined)
    return <Unknown why="five nodes of its region and hardware have to have earned that day" />;
  const { above, nodes, day } = standing;
  return (
    <span
      title={`of ${number(nodes)} nodes of its region and type of hardware that earned on ${dayName(day)}`}
    >
      {above === 0 ? 'among the lowest' : `above ${above} %`}
    </span>
  );
}

function DaysPanel({ view: { days, place } }: { view: EarningsView }) {
  if (days.rows.length === 0)
    return (
      <Panel id="days" title="By day">
        <Empty title="No day yet">
          <p>The first one begins with the first hour that the ledger closes for you.</p>
        </Empty>
      </Panel>
    );
  return (
    <Panel id="days" title="By day" aside="UTC, as the ledger has it">
      <Table
        caption="What each day earned"
        columns={[
          'Day',
          ...['Earned', 'Of it waiting', 'Bonuses', 'Adjusted', 'Minted', 'Against the day before'].map(
            (word) => ({ word, num: true }) as const,
          ),
        ]}
      >
        {days.rows.map(({ day, sums }, i) => {
          const before = days.rows[i + 1];
          return (
            <tr>
              <th scope="row" class="whole">
                {dayName(day)}
              </th>
              {[earnedIn(sums), waiting(sums), bonuses(sums)].map((units) => (
                <td class="num">
                  <Points units={units} />
                </td>
              ))}
              <td class="num">{signed(sums.get('adjustment') ?? 0n)}</td>
              <td class="num">
                <Points units={sums.get('settled') ?? 0n} />
              </td>
              <td class="num">
                {before === undefined ? (
                  <Unknown why="on the next page, or the first day" />
                ) : (
                  signed(earnedIn(sums) - earnedIn(before.sums))
                )}
              </td>
            </tr>
          );
        })}
      </Table>
      <nav class="pager" aria-label="Pages of days">
        {place.before !== '' && <a href={href(earningsUrl({ after: place.after }))}>Newest</a>}
        {days.next !== undefined && (
          <a rel="next" href={href(earningsUrl({ after: place.after, before: dayName(days.next) }))}>
            Earlier days
          </a>
        )}
      </nav>
    </Panel>
  );
}

function RulesPanel({ rows }: { rows: readonly DayRow[] }) {
  const sums = addSums(rows.map((row) => row.sums));
  return (
    <Panel id="rules" title="By rule" aside={`${dayName(rows.at(-1)!.day)} to ${dayName(rows[0]!.day)}`}>
      <Table
        caption="What each rule gave or moved"
        columns={['Rule', 'Moves', { word: 'Points', num: true }]}
      >
        {[...sums].map(([kind, units]) => (
          <tr>
            <th scope="row">{KIND_WORDS[kind].name}</th>
            <td>{KIND_WORDS[kind].moves}</td>
            <td class="num">
              <Points units={units} />
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

export function earningsUrl({ after = '', before = '' }: { after?: string; before?: string }): string {
  const query = new URLSearchParams({ ...(after && { after }), ...(before && { before }) });
  return query.size === 0 ? '/earnings' : `/earnings?${query}`;
}
