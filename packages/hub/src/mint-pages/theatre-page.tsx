import { MINT_CHAINS } from '@stoa/protocol/mint';
import type { Child } from 'hono/jsx';
import { dayText } from '#mint/index.ts';
import { duration, number } from '../console/format.ts';
import { partial } from '../console/live.ts';
import { Ago, Panel, Tabs, Unknown } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { Acts } from './acts-panel.tsx';
import type { Approval } from './approval-reader.ts';
import { Approvals } from './approvals-panel.tsx';
import { Beside } from './beside-panel.tsx';
import { Lane } from './lane.tsx';
import type { TransactionLinks } from './links.ts';
import { EpochState, FaultNote, Instant, Stamp } from './parts.tsx';
import { type Epoch, isEnded, type Sweep, type Transaction, totalsOf } from './sweep.ts';
import { WaitingPanel } from './waiting-panel.tsx';
import type { Waiting } from './waiting-store.ts';
import { stoa } from './words.ts';

export interface TheatreView {
  readonly sweep: Sweep;
  readonly waiting: readonly Waiting[];
  readonly approvals: readonly Approval[];
  /** Of each chain whose head the hub verified. */
  readonly heads: ReadonlyMap<number, number>;
  readonly links: TransactionLinks;
  /** Whether the sequencer can be told anything here. */
  readonly acts: boolean;
  readonly now: number;
}

/** What changes by itself. */
export type LiveView = Omit<TheatreView, 'waiting' | 'approvals' | 'acts'>;

/** Parts of the page that change by themselves: head and totals, and what rides beside the batches. */
export type Part = 'head' | 'beside';

/** One day's sweep as it happens. */
export function TheatrePage({ view }: { view: TheatreView }) {
  const { sweep, heads, links, now } = view;
  return (
    <article class="sweep">
      <SweepCrumb sweep={sweep} tab="theatre" />
      <SweepHead sweep={sweep} now={now} />
      <div class="stack">
        <Panel id="lanes" title="Ten chains" aside="each batch on its way; states change here as they do">
          <div class="lanes">
            {Array.from({ length: MINT_CHAINS }, (_, chain) => (
              <Lane view={{ sweep, chain, head: heads.get(chain), links, now }} />
            ))}
          </div>
        </Panel>
        <Beside sweep={sweep} heads={heads} links={links} now={now} />
        <Approvals sweep={sweep} approvals={view.approvals} now={now} />
        <WaitingPanel sweep={sweep} waiting={view.waiting} />
        {view.acts && <Acts sweep={sweep} />}
      </div>
    </article>
  );
}

export function partHtml(part: Part, view: LiveView): string {
  if (part === 'head') return partial('sweep-head', String(<SweepHead sweep={view.sweep} now={view.now} />));
  return partial('beside', String(<Beside {...view} />));
}

/** The way back, and the two sides of a day. */
export function SweepCrumb({ sweep, tab }: { sweep: Epoch; tab: 'theatre' | 'diff' }) {
  const path = `/admin/mint/${dayText(sweep.epoch)}`;
  return (
    <>
      <p class="crumb">
        <a href={href('/admin/mint')}>Mint</a>
      </p>
      <Tabs
        label="Sides of the sweep"
        active={tab}
        tabs={[
          { id: 'theatre', href: href(path), word: 'Theatre' },
          { id: 'diff', href: href(`${path}/diff`), word: 'Plan against ledger and chain' },
        ]}
      />
    </>
  );
}

export function SweepHead({ sweep, now }: { sweep: Sweep; now: number }) {
  const all = totalsOf(sweep.transactions);
  const { state, epoch, contract, mode, cutAt, endedAt } = sweep;
  return (
    <div id="sweep-head">
      <header class="node-head">
        <div class="node-name">
          <h1>Sweep of {dayText(epoch)}</h1>
          <EpochState state={state} stopped={isEnded(sweep) ? 0 : all.stopped} />
          <Stamp mode={mode} />
          {contract !== undefined && <code>{contract}</code>}
        </div>
        {all.stopped > 0 && !isEnded(sweep) && (
          <p class="warning" role="alert">
            {all.stopped === 1
              ? 'One transaction is stopped'
              : `${number(all.stopped)} transactions are stopped`}
            : nothing of it goes on before a person says so.
          </p>
        )}
        {sweep.faults
          .filter(({ place }) => !place.startsWith('chain '))
          .map((fault) => (
            <FaultNote fault={fault} now={now} />
          ))}
      </header>
      <dl class="totals">
        <Total name="Points" value={number(sweep.points)} note={`${number(sweep.accounts)} accounts`} />
        <Total
          name="Transactions"
          value={number(all.transactions)}
          note={countOf(sweep.transactions, all.retries)}
        />
        <Total
          name="Gas"
          value={number(all.gas)}
          note={`of ${number(all.gasPlanned)} reckoned, ${stoa(all.fee)}`}
        />
        <Total name="Bytes" value={number(all.bytes)} note="of all commands" />
        <Total
          name="First sent"
          value={<Instant at={all.firstSentAt} />}
          note={<Since word="cut" at={cutAt} now={now} />}
        />
        <Total
          name="Last mined"
          value={after(all.minedAt, all.firstSentAt)}
          note="after the first was sent"
        />
        <Total name="Final" value={after(all.finalAt, all.firstSentAt)} note="6 blocks deep" />
        <Total
          name="Settled"
          value={after(state === 'settled' ? endedAt : undefined, all.firstSentAt)}
          note="120 blocks deep, and in the ledger"
        />
      </dl>
    </div>
  );
}

function Total({ name, value, note }: { name: string; value: Child; note: Child }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        <span class="sub">{note}</span>
      </dd>
    </div>
  );
}

function Since({ word, at, now }: { word: string; at: number; now: number }) {
  return (
    <>
      {word} <Ago at={at} now={now} />
    </>
  );
}

function after(at: number | undefined, from: number | undefined) {
  return at === undefined || from === undefined ? <Unknown why="not yet" /> : duration(at - from);
}

function countOf(transactions: readonly Transaction[], retries: number): string {
  const many = (kind: Transaction['kind']) => transactions.filter((one) => one.kind === kind).length;
  const parts = [
    [many('mint'), 'batch', 'batches'],
    [many('open'), 'opening', 'openings'],
    [many('close'), 'closing', 'closings'],
    [many('enrol'), 'enrolment', 'enrolments'],
    [retries, 'retry', 'retries'],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, one, several]) => `${number(count)} ${count === 1 ? one : several}`)
    .join(', ');
}
