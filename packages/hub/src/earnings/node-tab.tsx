import { formatPoints, formatScore, minutePoints } from '@stoa/protocol/stoicism';
import { number } from '../console/format.ts';
import { partial } from '../console/live.ts';
import { Panel, Table, Tabs, Unknown } from '../console/parts.tsx';
import { type Loss, WORDS } from './cause.ts';
import { earned, type Term } from './drop.ts';
import { LEGEND, MinuteStrip, RunWords, runsOfHour } from './minutes.tsx';
import { DAYS_KEPT, type DayHour, type NodeDay } from './node-day.ts';
import { dayName, hourName, Points, signed, TestStamp } from './stamp.tsx';
import { byMinutes } from './sums.ts';
import type { Amount, LossStep, Waterfall } from './waterfall.ts';

const DAY_ID = 'earned-day';

export function earnedDay(nodeId: string, view: NodeDay): string {
  return partial(DAY_ID, String(<EarningsTab nodeId={nodeId} view={view} />));
}

/**
 * A node's day: what could be earned, what took how much of it, why it is another amount than the day before, and every
 * minute. Links in it are relative to `/nodes/:id/earnings`: a stream renders it for all who watch.
 */
export function EarningsTab({ nodeId, view }: { nodeId: string; view: NodeDay }) {
  const { day, today, mode } = view;
  const days = Array.from({ length: DAYS_KEPT + 1 }, (_, i) => today - i);
  return (
    <div id={DAY_ID}>
      <div class="tab-title">
        <h2>
          {day === today ? 'Today' : dayName(day)}, <Points units={earned(view.waterfall).units} /> points
        </h2>
        <TestStamp mode={mode} />
      </div>
      <Tabs
        label="Days"
        tabs={days.map((one) => ({
          id: dayName(one),
          href: one === today ? 'earnings' : `earnings?day=${dayName(one)}`,
          word: one === today ? 'Today' : dayName(one).slice(5),
        }))}
        active={dayName(day)}
      />
      <div class="stack below">
        <WhyPanel view={view} />
        <WaterfallPanel nodeId={nodeId} view={view} />
        <MinutesPanel view={view} />
      </div>
    </div>
  );
}

/** The answer before the evidence. */
function WhyPanel({ view: { comparison, day, today } }: { view: NodeDay }) {
  const then = day === today ? 'at this time yesterday' : `on ${dayName(day - 1)}`;
  return (
    <Panel id="why-earned" title="Why more or less than the day before">
      <div class="why-earned">
        {comparison === undefined ? (
          <p>The node was not here {then}: there is nothing to compare with.</p>
        ) : comparison.terms.length === 0 ? (
          <p>It earned exactly what it had {then}.</p>
        ) : (
          <>
            <p>
              <strong class={comparison.difference < 0n ? 'warn' : undefined}>
                {signed(comparison.difference)} points
              </strong>{' '}
              against what it had {then}:
            </p>
            <ul>
              {comparison.terms.map((term) => (
                <li>
                  <strong>{signed(term.units)}</strong> {wordsOf(term)}
                </li>
              ))}
            </ul>
            <p class="sub">The terms add up to the difference, to the last decimal.</p>
          </>
        )}
      </div>
    </Panel>
  );
}

function wordsOf({ cause, minutes, units }: Term): string {
  if (cause === 'score')
    return `because the ServerScore ${units < 0n ? 'fell' : 'rose'}: the same minutes were worth ${units < 0n ? 'less' : 'more'}`;
  if (cause === 'time')
    return `because ${minuteCount(Math.abs(minutes))} ${minutes < 0 ? 'fewer' : 'more'} could be earned in`;
  return `because in ${minuteCount(Math.abs(minutes))} ${minutes > 0 ? 'more' : 'fewer'} ${WORDS[cause].because}`;
}

function minuteCount(minutes: number): string {
  return minutes === 1 ? '1 minute' : `${number(minutes)} minutes`;
}

function WaterfallPanel({ nodeId, view: { waterfall } }: { nodeId: string; view: NodeDay }) {
  const { possible, losses, waits, paid, gap } = waterfall;
  const costs = losses.filter(({ minutes }) => minutes > 0);
  let top = possible.minutes;
  return (
    <Panel
      id="waterfall"
      title="Where the minutes went"
      aside={`${number(possible.minutes)} were possible, ${number(waits.minutes + paid.minutes)} earned`}
    >
      <Table
        caption="What each gate cost"
        columns={[
          'What',
          { word: 'Minutes', num: true },
          'Share',
          { word: 'Points', num: true },
          { word: 'Alone', num: true },
          'What to do',
        ]}
      >
        <Step name="Possible" amount={possible} of={possible} from={0} kind="possible" />
        {costs.map((step) => {
          top -= step.minutes;
          return <CostStep step={step} of={possible} from={top} nodeId={nodeId} />;
        })}
        {waits.minutes > 0 && (
          <Step
            name={`${WORDS.waits.name} (gate 4)`}
            amount={waits}
            of={possible}
            from={paid.minutes}
            kind="waits"
            fix={WORDS.waits.fix}
          />
        )}
        <Step name="Paid" amount={paid} of={possible} from={0} kind="paid" />
      </Table>
      <p class="sub">
        Each minute stands in one row: in that of the first gate that was closed. “Alone” is what mending that
        one thing gives back, where nothing else was closed in the same minutes.
        {gap.minutes > 0 &&
          ` ${minuteCount(gap.minutes)} of what was earned ${gap.minutes === 1 ? 'is' : 'are'} a gap of the hub, which costs nobody.`}
      </p>
    </Panel>
  );
}

interface Bar {
  readonly of: Waterfall['possible'];
  /** Minutes left of the bar. */
  readonly from: number;
}

function CostStep({ step, of, from, nodeId }: { step: LossStep; nodeId: string } & Bar) {
  const words = WORDS[step.cause];
  return (
    <Step
      name={`${words.name}${words.gate === undefined ? '' : ` (gate ${words.gate})`}`}
      amount={step}
      {...{ of, from }}
      kind={barKind(step.cause)}
      alone={step.alone}
      fix={words.fix}
      {...(words.link && { link: { href: `../${nodeId}${words.link.path}`, word: words.link.word } })}
    />
  );
}

function barKind(cause: Loss): string {
  if (cause === 'away') return 'away';
  return cause === 'unsupported' || cause === 'unjudged' ? 'doubt' : 'gate';
}

function Step({
  name,
  amount,
  of,
  from,
  kind,
  alone,
  fix,
  link,
}: {
  name: string;
  amount: Amount;
  kind: string;
  alone?: Amount;
  fix?: string;
  link?: { readonly href: string; readonly word: string };
} & Bar) {
  const isCost = alone !== undefined;
  return (
    <tr class={isCost ? 'is-cost' : undefined}>
      <th scope="row">{name}</th>
      <td class="num">{isCost ? `−${number(amount.minutes)}` : number(amount.minutes)}</td>
      <td>
        <svg
          class="earned-step"
          viewBox={`0 0 ${Math.max(1, of.minutes)} 10`}
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          <rect x={from} width={amount.minutes} height="10" class={`minute-${kind}`} />
        </svg>
      </td>
      <td class="num">{isCost ? signed(-amount.units) : <Points units={amount.units} />}</td>
      <td class="num whole">
        {alone !== undefined && (alone.minutes === 0 ? '0' : `${number(alone.minutes)} min`)}
      </td>
      <td class="earned-fix">
        {fix}
        {link && (
          <>
            {' '}
            <a href={link.href}>{link.word}</a>
          </>
        )}
      </td>
    </tr>
  );
}

function MinutesPanel({ view: { hours, day } }: { view: NodeDay }) {
  return (
    <Panel id="minutes" title="Minute by minute" aside="UTC, the newest hour first">
      <ul class="legend" aria-label="What the colours mean">
        {LEGEND.map(({ kind, word }) => (
          <li>
            <svg viewBox="0 0 10 10" aria-hidden="true">
              <rect width="10" height="10" class={`minute-${kind}`} />
            </svg>
            {word}
          </li>
        ))}
      </ul>
      <Table
        caption="Each hour of the day"
        columns={[
          'Hour',
          'Minutes',
          { word: 'Paid', num: true },
          { word: 'Waits', num: true },
          'What was not paid',
          { word: 'Score', num: true },
          { word: 'Points', num: true },
          { word: 'Ledger', num: true },
        ]}
      >
        {hours.map((hour) => (
          <HourRow hour={hour} />
        ))}
      </Table>
      {hours.some(({ open }) => !open) && (
        <p class="sub">
          What stands under Ledger leads to the receipt of its hour.{' '}
          <a href={`receipts/${dayName(day)}/verify`}>Verify this day in your browser</a>, or{' '}
          <a href={`receipts/${dayName(day)}.json`} download>
            download its proofs
          </a>
          .
        </p>
      )}
    </Panel>
  );
}

function HourRow({ hour }: { hour: DayHour }) {
  const runs = runsOfHour(hour);
  const count = (cause: 'paid' | 'waits') =>
    runs.reduce((sum, run) => sum + (run.cause === cause ? run.until - run.from : 0), 0);
  const units = BigInt(count('paid') + count('waits')) * minutePoints(hour.micro);
  return (
    <tr>
      <th scope="row">{hourName(hour.hubHour)}</th>
      <td>
        <MinuteStrip runs={runs} />
      </td>
      <td class="num">{count('paid')}</td>
      <td class="num">{count('waits')}</td>
      <td>
        <RunWords hubHour={hour.hubHour} runs={runs} />
      </td>
      <td class="num">
        {hour.micro === 0 ? <Unknown why="no benchmark before this hour" /> : formatScore(hour.micro)}
      </td>
      <td class="num">{formatPoints(units)}</td>
      <td class="num">
        {hour.open ? (
          <span class="sub">not closed yet</span>
        ) : (
          <a href={`receipts/${hour.hubHour}`} title={`Receipt of ${hourName(hour.hubHour)}`}>
            {formatPoints(byMinutes(hour.written))}
          </a>
        )}
      </td>
    </tr>
  );
}
