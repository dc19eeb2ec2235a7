import { MINT_CHAINS } from '@stoa/protocol/mint';
import type { Child } from 'hono/jsx';
import { dayText } from '#mint/index.ts';
import { control, Field } from '../console/form.tsx';
import { duration, number } from '../console/format.ts';
import { partial } from '../console/live.ts';
import { Ago, Empty, Panel, Table, Tabs, Unknown } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { Approval } from './approval-reader.ts';
import { Lane } from './lane.tsx';
import type { TransactionLinks } from './links.ts';
import { EpochState, FaultNote, Instant, Of, RequestKey, Stamp, StateOf } from './parts.tsx';
import { type Epoch, isEnded, type Sweep, type Transaction, totalsOf } from './sweep.ts';
import type { Waiting, WaitingFor } from './waiting-store.ts';
import { nameOf, reasonOf } from './words.ts';

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
  const { state, epoch, mode, cutAt, endedAt } = sweep;
  return (
    <div id="sweep-head">
      <header class="node-head">
        <div class="node-name">
          <h1>Sweep of {dayText(epoch)}</h1>
          <EpochState state={state} stopped={isEnded(sweep) ? 0 : all.stopped} />
          <Stamp mode={mode} />
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
          note={`of ${number(all.gasPlanned)} reckoned, ${fee(all.fee)} STOA`}
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

/** 0.0396 STOA: what a sweep costs is far below one. */
function fee(stoa: number): string {
  return stoa.toFixed(4);
}

/** Openings, closings and enrolments: counted in the day's total, listed apart from what mints. */
function Beside({ sweep, heads, links, now }: LiveView) {
  const rows = sweep.transactions.filter(({ kind }) => kind !== 'mint');
  return (
    <Panel id="beside" title="Openings and enrolments" aside="in the totals; they mint nothing">
      <Table
        caption="Openings, closings and enrolments"
        columns={[
          ...['Chain', 'What', 'State', 'Since'],
          ...['Gas', 'Bytes', 'Attempt', 'Block'].map((word) => ({ word, num: true }) as const),
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

/** Words for the plan. Whether they suffice is for the signer to say, which knows its approvers. */
function Approvals({ sweep, approvals, now }: { sweep: Sweep; approvals: readonly Approval[]; now: number }) {
  return (
    <Panel
      id="approvals"
      title="Approvals"
      aside={
        <>
          of plan <code>{sweep.planHash.slice(0, 16)}…</code>
        </>
      }
    >
      {approvals.length === 0 ? (
        <Empty title="Nobody has approved this plan yet">
          <p>Nothing of it is signed before. On the host of an approver, from its own evidence:</p>
          <pre tabindex={0}>
            <code>stoa-signer mint approve --auto</code>
          </pre>
        </Empty>
      ) : (
        <Table caption="Approvals of the plan" columns={['Approver', 'Signed', 'Came in', 'Of']}>
          {approvals.map(({ approver, signedAt, receivedAt, hash }) => (
            <tr>
              <th scope="row">{approver}</th>
              <td>
                <Ago at={signedAt} now={now} />
              </td>
              <td>
                <Ago at={receivedAt} now={now} />
              </td>
              <td>
                {hash === sweep.planHash ? (
                  'this plan'
                ) : (
                  <strong class="warn">another plan: {hash.slice(0, 16)}…</strong>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

const WAITS: Readonly<Record<WaitingFor, readonly [string, string]>> = {
  proof: ['Nobody proved to hold the account', 'its owner signs with its key under Settings, Payout'],
  slot: ['Proven, without a slot', 'the hub gives it one with its next round'],
  allotted: ['Its slot is not on chain yet', 'an enrolment rides ahead of the next batch of its chain'],
  enrolled: ['Its slot is on chain, not final yet', 'six blocks more'],
};

function WaitingPanel({ sweep, waiting }: { sweep: Sweep; waiting: readonly Waiting[] }) {
  return (
    <Panel
      id="waiting"
      title="Not in a plan"
      aside={`${number(sweep.waiting)} accounts with a whole point were left out of this cut`}
    >
      {waiting.length === 0 ? (
        <Empty title="Nobody waits now">
          <p>Every account with a whole point is proven and has a final slot: the next cut takes them all.</p>
        </Empty>
      ) : (
        <Table
          caption="Accounts that wait now"
          columns={[
            'Why',
            { word: 'Accounts', num: true },
            { word: 'Whole points', num: true },
            'What it takes',
          ]}
        >
          {waiting.map(({ why, accounts, points }) => (
            <tr>
              <th scope="row">{WAITS[why][0]}</th>
              <td class="num">{number(accounts)}</td>
              <td class="num">{number(points)}</td>
              <td>{WAITS[why][1]}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

/** What a person may do: nothing of it mints, and each takes a reason and a recent proof of presence. */
function Acts({ sweep }: { sweep: Sweep }) {
  if (isEnded(sweep)) return null;
  const path = href(`/admin/mint/${dayText(sweep.epoch)}/act`);
  const stopped = totalsOf(sweep.transactions).stopped;
  return (
    <Panel id="acts" title="By hand" aside="kept in the audit log">
      {sweep.state === 'cancelling' && (
        <p>It is being cancelled: it ends once nothing of it can be mined any more.</p>
      )}
      {stopped > 0 && (
        <form method="post" class="form" action={path}>
          <Field name="resume-reason" label="Why it may go on" hint="what was looked at">
            <input
              {...control('resume-reason', undefined, true)}
              name="reason"
              maxlength={200}
              required
              autocomplete="off"
            />
          </Field>
          <button type="submit" name="act" value="resume" class="primary">
            Let what is stopped go on
          </button>
        </form>
      )}
      {sweep.state === 'running' && (
        <details>
          <summary>Cancel the day</summary>
          <form method="post" class="form" action={path}>
            <p>
              Nothing more of it is signed. What is on chain stays minted; of what can never be mined any more
              the points go back to Current, for the next day.
            </p>
            <Field name="cancel-reason" label="Why" hint="told to whoever finds it cancelled">
              <input
                {...control('cancel-reason', undefined, true)}
                name="reason"
                maxlength={200}
                required
                autocomplete="off"
              />
            </Field>
            <button type="submit" name="act" value="cancel" class="primary is-grave">
              Cancel {dayText(sweep.epoch)}
            </button>
          </form>
        </details>
      )}
    </Panel>
  );
}
