import type { Child } from 'hono/jsx';
import { absolute, duration, iso, number, percent } from '../console/format.ts';
import { Ago, Unknown } from '../console/parts.tsx';
import { linkTo, type TransactionLinks } from './links.ts';
import { type Attempt, type Epoch, type Fault, reached, STATIONS, type Transaction } from './sweep.ts';
import { EPOCH_STATES, nameOf, STATES } from './words.ts';

/** While nothing of it has a value: whoever sees a number must not take it for money. */
export function Stamp({ mode }: Pick<Epoch, 'mode'>) {
  if (mode === 'live') return null;
  return (
    <span class="stamp">
      <strong>TEST</strong> without value on chain
    </span>
  );
}

export function EpochState({ state, stopped = 0 }: Pick<Epoch, 'state'> & { stopped?: number }) {
  if (stopped > 0) return <strong class="warn">stopped</strong>;
  if (state === 'cancelled' || state === 'cancelling')
    return <strong class="warn">{EPOCH_STATES[state]}</strong>;
  return <span>{EPOCH_STATES[state]}</span>;
}

/** 06:20:04, its day in the title. */
export function Instant({ at }: { at: number | undefined }) {
  if (at === undefined) return <Unknown why="not yet" />;
  return (
    <time class="num" datetime={iso(at)} title={absolute(at)}>
      {iso(at).slice(11, 19)}
    </time>
  );
}

/** How long after the first, its instant in the title. */
export function After({ at, from }: { at: number | undefined; from: number | undefined }) {
  if (at === undefined || from === undefined) return <Unknown why="not yet" />;
  return <span title={absolute(at)}>+{duration(at - from)}</span>;
}

/** The stations of a transaction, each by shape, weight and word. */
export function Track({ transaction }: { transaction: Transaction }) {
  const at = reached(transaction);
  const halted = transaction.state === 'stopped' || transaction.state === 'absent';
  return (
    <ol class={halted ? 'track is-halted' : 'track'} aria-label={`How far ${nameOf(transaction)} came`}>
      {STATIONS.map((station, i) => (
        <li
          class={i < at ? 'is-done' : i === at ? 'is-now' : undefined}
          aria-current={i === at ? 'step' : undefined}
        >
          {station}
        </li>
      ))}
    </ol>
  );
}

/** Its state in a word, and how deep its block is where the chain's head is known. */
export function StateOf({ transaction, head }: { transaction: Transaction; head?: number | undefined }) {
  const { state, height } = transaction;
  const { word, means } = STATES[state];
  const deep =
    height !== undefined && head !== undefined && head >= height ? `, ${number(head - height)} deep` : '';
  if (state === 'stopped' || state === 'absent')
    return (
      <strong class="warn" title={means}>
        {word}
      </strong>
    );
  return (
    <span class="whole" title={means}>
      {word}
      {state !== 'settled' && deep}
    </span>
  );
}

/** The name of a transaction on its chain: to copy, and as a link where there is a place to look at it. */
export function RequestKey({
  attempt,
  chain,
  links,
  id,
  children,
}: {
  attempt: Attempt;
  chain: number;
  links: TransactionLinks;
  /** Of the element, unique on the page. */
  id: string;
  children?: Child;
}) {
  const url = linkTo(links, { chain, requestKey: attempt.requestKey });
  return (
    <span class="tx-key">
      <code id={id}>{attempt.requestKey}</code>
      <button type="button" class="quiet by-script" data-copy={id} aria-describedby={id}>
        Copy
      </button>
      {url !== undefined && (
        <a href={url} rel="noreferrer" aria-label={`Look up ${attempt.requestKey}`}>
          Look up
        </a>
      )}
      {children}
    </span>
  );
}

/** 361,204 of 500,000. */
export function Of({ some, of }: { some: number | undefined; of: number }) {
  return (
    <span class="whole">
      {some === undefined ? '–' : number(some)} of {number(of)}
    </span>
  );
}

/** What nodes said that it takes, and how far the model was off: 250,892, model 18 % above. */
export function Preflight({ of: { preflightGas, modelGas } }: { of: Transaction }) {
  if (preflightGas === undefined) return <Unknown why="no node was asked" />;
  return (
    <span class="whole" title={`By the model at most ${number(modelGas)}`}>
      {number(preflightGas)}, model {differenceOf(modelGas, preflightGas)}
    </span>
  );
}

function differenceOf(model: number, told: number): string {
  const share = (model - told) / told;
  return `${percent(Math.abs(share))} ${share < 0 ? 'below' : 'above'}`;
}

/** What holds the mint up, in the words of whoever leads it. */
export function FaultNote({ fault: { code, message, since }, now }: { fault: Fault; now: number }) {
  return (
    <p class="warning" role="alert">
      Held up: {message} (<code>{code}</code>, <Ago at={since} now={now} />)
    </p>
  );
}
