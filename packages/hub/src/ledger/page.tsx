import { formatPoints } from '@stoa/protocol/stoicism';
import { Act, control, type Faults, Field, FormFault, type Typed, typedOf } from '../console/form.tsx';
import { absolute, duration, grouped, number } from '../console/format.ts';
import { Ago, Empty, Facts, Panel, Table, Unknown } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { Adjustment } from './adjustment-store.ts';
import type { Head } from './book.ts';
import type { ClosedHour, RefusedHour, Totals } from './overview-store.ts';
import { startOf } from './passes.ts';

export interface LedgerView {
  readonly head: Head;
  readonly totals: Totals;
  readonly hours: readonly ClosedHour[];
  readonly refused: readonly RefusedHour[];
  readonly adjustments: readonly Adjustment[];
  /** Who looks. */
  readonly email: string;
  readonly now: number;
  readonly again?: { readonly typed?: Typed; readonly faults?: Faults };
}

/** The ledger as a whole, for who answers for it. */
export function LedgerPage({ view }: { view: LedgerView }) {
  return (
    <>
      <header class="title">
        <h1>Ledger</h1>
      </header>
      <div class="panels">
        <ModePanel view={view} />
        <SumsPanel view={view} />
      </div>
      <div class="below stack">
        <AdjustmentsPanel view={view} />
        <HoursPanel view={view} />
        <RefusedPanel view={view} />
        <Panel id="checks" title="Checks" aside="on the hub's machine">
          <p>Whether each event is what was written, and whether balances are their sums:</p>
          <pre tabindex={0}>
            <code>{'stoa-hub ledger verify\nstoa-hub ledger replay --check --json'}</code>
          </pre>
        </Panel>
      </div>
    </>
  );
}

function ModePanel({ view: { head } }: { view: LedgerView }) {
  const { mode, locked, firstHour } = head;
  return (
    <Panel id="mode" title="Mode" aside={mode === 'shadow' ? 'TEST: without value on chain' : 'of value'}>
      <Facts
        facts={[
          { name: 'Mode', value: <strong class={mode === 'shadow' ? 'warn' : undefined}>{mode}</strong> },
          { name: 'Locked', value: locked ? 'yes: nothing reverts' : 'no' },
          { name: 'Counts from', value: absolute(startOf(firstHour)) },
        ]}
      />
      {mode === 'live' && (
        <div class="acts">
          {locked ? (
            <Act path="/admin/ledger/unlock" word="Unlock" />
          ) : (
            <Act path="/admin/ledger/lock" word="Lock" tone="primary" />
          )}
        </div>
      )}
      {!locked && <ResetForm to={mode === 'shadow' ? 'live' : 'shadow'} />}
    </Panel>
  );
}

function ResetForm({ to }: { to: 'live' | 'shadow' }) {
  const word = to === 'live' ? 'Go live' : 'Back to shadow';
  return (
    <form method="post" action={href('/admin/ledger/reset')} class="form">
      <input type="hidden" name="mode" value={to} />
      <Field
        name="confirm"
        label={`Type ${to} to confirm`}
        hint="A hard reset: every balance begins at nothing with the next full hour. Benchmarks stay, and so do all events; open adjustments are refused."
      >
        <input
          {...control('confirm', undefined, true)}
          type="text"
          pattern={to}
          required
          autocomplete="off"
        />
      </Field>
      <div>
        <button type="submit" class="quiet">
          {word}
        </button>
      </div>
    </form>
  );
}

function SumsPanel({ view: { head, totals } }: { view: LedgerView }) {
  return (
    <Panel id="sums" title="Sums" aside={`${number(totals.accounts)} accounts`}>
      <Facts
        facts={[
          { name: 'Pending', value: grouped(formatPoints(totals.pending, 6)) },
          { name: 'Current', value: grouped(formatPoints(totals.current, 6)) },
          { name: 'Minting', value: grouped(formatPoints(totals.minting, 6)) },
          { name: 'Redeemed', value: grouped(formatPoints(totals.redeemed, 6)) },
          { name: 'Events', value: number(head.sequence) },
          {
            name: 'End of the chain',
            value: <code>{Buffer.from(head.hash).toString('hex').slice(0, 16)}…</code>,
          },
        ]}
      />
    </Panel>
  );
}

function AdjustmentsPanel({ view: { adjustments, email, now, again } }: { view: LedgerView }) {
  const faults = again?.faults ?? {};
  return (
    <Panel id="adjustments" title="Adjustments" aside="proposed by one, approved by another">
      {adjustments.length > 0 && (
        <Table
          caption="Adjustments"
          columns={['Account', { word: 'Points', num: true }, 'Reason', 'Proposed', 'Stands']}
          acts
        >
          {adjustments.map((one) => (
            <tr>
              <th scope="row" class="breaking">
                <code>{one.account ?? one.accountId}</code>
              </th>
              <td class="num">{formatPoints(one.amount)}</td>
              <td class="breaking">{one.reason}</td>
              <td>
                {one.proposedBy}, <Ago at={one.proposedAt} now={now} />
              </td>
              <td>{standing(one)}</td>
              <td>{one.outcome === undefined && <Decide adjustment={one} email={email} />}</td>
            </tr>
          ))}
        </Table>
      )}
      <form method="post" action={href('/admin/ledger/adjustments')} class="form">
        <FormFault faults={faults} />
        {(
          [
            ['account', 'Account', 'As the chain has it, or its id.', 400],
            ['points', 'Points', 'Below 0 takes away. At most 12 decimals.', 40],
            ['reason', 'Reason', 'Told to whoever reads the ledger.', 200],
          ] as const
        ).map(([name, label, hint, most]) => (
          <Field name={name} label={label} hint={hint} fault={faults[name]}>
            <input
              {...control(name, faults[name], true)}
              type="text"
              value={typedOf(again?.typed, name)}
              maxlength={most}
              required
              autocomplete="off"
            />
          </Field>
        ))}
        <div>
          <button type="submit" class="primary">
            Propose
          </button>
        </div>
      </form>
    </Panel>
  );
}

function standing({ outcome, decidedBy, decidedAt }: Adjustment): string {
  return outcome === undefined
    ? 'waits for a second person'
    : `${outcome} by ${decidedBy ?? ''} ${absolute(decidedAt ?? 0)}`;
}

function Decide({ adjustment, email }: { adjustment: Adjustment; email: string }) {
  const path = `/admin/ledger/adjustments/${adjustment.adjustmentId}`;
  return (
    <div class="acts">
      {adjustment.proposedBy !== email && <Act path={`${path}/approve`} word="Approve" tone="primary" />}
      <Act path={`${path}/refuse`} word={adjustment.proposedBy === email ? 'Withdraw' : 'Refuse'} />
    </div>
  );
}

function HoursPanel({ view: { hours, now } }: { view: LedgerView }) {
  return (
    <Panel id="hours" title="Hours" aside="closed 15 minutes after their end, open to later words for a day">
      {hours.length === 0 ? (
        <Empty title="No hour is closed yet">
          <p>The first one is closed 15 minutes after its end.</p>
        </Empty>
      ) : (
        <Table
          caption="Hours of the ledger"
          columns={[
            'Hour',
            ...['Nodes', 'Events', 'Later', 'Accrued', 'Fees', 'Pending', 'Matured', 'Took'].map(
              (word) => ({ word, num: true }) as const,
            ),
            'Closed',
          ]}
        >
          {hours.map((hour) => (
            <tr>
              <th scope="row">{absolute(startOf(hour.hour)).slice(0, 16)}</th>
              {[hour.nodes, hour.events, hour.revised].map((count) => (
                <td class="num">{number(count)}</td>
              ))}
              {[hour.accrued, hour.fees, hour.pending, hour.matured].map((units) => (
                <td class="num">{grouped(formatPoints(units, 2))}</td>
              ))}
              <td class="num">{duration(hour.tookMs)}</td>
              <td>
                {hour.closedAt === undefined ? (
                  <Unknown why="not closed yet" />
                ) : (
                  <Ago at={hour.closedAt} now={now} />
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

const WHY = { late: 'came when its day was over', less: 'would take back what is banked' } as const;

function RefusedPanel({ view: { refused } }: { view: LedgerView }) {
  if (refused.length === 0) return null;
  return (
    <Panel id="refused" title="Later words that were not paid">
      <RefusedTable refused={refused} />
    </Panel>
  );
}

export function RefusedTable({ refused }: { refused: readonly RefusedHour[] }) {
  return (
    <Table
      caption="Later words that were not paid"
      columns={['Hour', 'Node', 'Why', { word: 'Points', num: true }]}
    >
      {refused.map((one) => (
        <tr>
          <th scope="row">{absolute(startOf(one.hour)).slice(0, 16)}</th>
          <td>{one.label ?? one.nodeId.slice(0, 16)}</td>
          <td>{WHY[one.reason]}</td>
          <td class="num">{formatPoints(one.amount)}</td>
        </tr>
      ))}
    </Table>
  );
}
