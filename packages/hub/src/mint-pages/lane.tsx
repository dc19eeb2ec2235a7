import { MOST_ATTEMPTS } from '#mint/index.ts';
import { number } from '../console/format.ts';
import { partial } from '../console/live.ts';
import { Ago, Facts, Unknown } from '../console/parts.tsx';
import type { TransactionLinks } from './links.ts';
import { FaultNote, Of, Preflight, RequestKey, StateOf, Track } from './parts.tsx';
import { mintsOf, type Sweep, type Transaction } from './sweep.ts';
import { nameOf, reasonOf, STATES } from './words.ts';

export interface LaneView {
  readonly sweep: Sweep;
  readonly chain: number;
  /** Of its verified head; undefined: the hub knows none. */
  readonly head: number | undefined;
  readonly links: TransactionLinks;
  readonly now: number;
}

/** What a step on the chain changes. */
export function laneHtml(view: LaneView): string {
  return partial(`lane-${view.chain}`, String(<Lane view={view} />));
}

/** One chain's batches on their way. */
export function Lane({ view }: { view: LaneView }) {
  const { sweep, chain } = view;
  const plan = sweep.chains.find((one) => one.chain === chain);
  const batches = mintsOf(sweep, chain);
  const halted = batches.some(({ state }) => state === 'stopped');
  return (
    <section
      class={halted ? 'lane is-halted' : 'lane'}
      id={`lane-${chain}`}
      aria-labelledby={`lane-${chain}-title`}
    >
      <header>
        <h3 id={`lane-${chain}-title`}>Chain {chain}</h3>
        <p>{number(plan?.cap ?? 0)} points</p>
      </header>
      {sweep.faults
        .filter(({ place }) => place === `chain ${chain}`)
        .map((fault) => (
          <FaultNote fault={fault} now={view.now} />
        ))}
      {batches.length === 0 ? (
        <p class="sub">Nobody earned here: the day is opened, and nothing is minted.</p>
      ) : (
        batches.map((batch) => <Batch batch={batch} alone={batches.length === 1} view={view} />)
      )}
    </section>
  );
}

function Batch({ batch, alone, view }: { batch: Transaction; alone: boolean; view: LaneView }) {
  const { chain, head, links, now } = view;
  const { state, part, planned, gas, gasLimit, attempt, attempts, height, since } = batch;
  const last = attempts.at(-1);
  return (
    <div class="lane-batch">
      {!alone && <h4>{nameOf(batch)}</h4>}
      <Track transaction={batch} />
      {state === 'stopped' && (
        <p class="warning" role="alert">
          Stopped: {reasonOf(batch)}. A person looks at it, then lets it go on or cancels the day.
        </p>
      )}
      {state === 'absent' && <p class="sub">{STATES.absent.means}</p>}
      <Facts
        facts={[
          { name: 'State', value: <StateNow batch={batch} head={head} since={since} now={now} /> },
          { name: 'Block', value: height === undefined ? <Unknown why="in no block" /> : number(height) },
          ...(alone ? [] : [{ name: 'Points', value: number(planned?.sum ?? 0) }]),
          { name: 'Gas', value: <Of some={gas} of={gasLimit} /> },
          { name: 'Preflight', value: <Preflight of={batch} /> },
          { name: 'Bytes', value: number(last?.bytes ?? planned?.bytes ?? 0) },
          {
            name: 'Attempt',
            value: `${attempt + 1} of ${Math.ceil((attempt + 1) / MOST_ATTEMPTS) * MOST_ATTEMPTS}`,
          },
        ]}
      />
      {attempts.toReversed().map((one, i) => (
        <RequestKey attempt={one} chain={chain} links={links} id={`key-${chain}-${part}-${one.attempt}`}>
          {i > 0 && <span class="sub">attempt {one.attempt + 1}</span>}
        </RequestKey>
      ))}
    </div>
  );
}

function StateNow({
  batch,
  head,
  since,
  now,
}: {
  batch: Transaction;
  head: number | undefined;
  since: number;
  now: number;
}) {
  return (
    <>
      <StateOf transaction={batch} head={head} />
      {', '}
      <Ago at={since} now={now} />
    </>
  );
}
