import { Lamp } from '../console/lamp.tsx';
import { Ago, Facts } from '../console/parts.tsx';
import { type Evidence, type NodeState, STATE_WORDS } from './state.ts';

/** The state's lamp. */
export function StateLamp({ state }: { state: NodeState }) {
  return <Lamp name={state.name} word={STATE_WORDS[state.name]} />;
}

/** Rule, evidence and what would change it: how a state is told wherever it shows. */
export function Explain({ state, now }: { state: NodeState; now: number }) {
  return (
    <div class="explain">
      <p>{state.rule}</p>
      <Facts facts={evidenceFacts(state, now)} />
      <p class="explain-change">{state.change}</p>
    </div>
  );
}

function evidenceFacts(state: NodeState, now: number) {
  const since: Evidence[] = state.since === undefined ? [] : [{ name: 'Since', at: state.since }];
  return [...since, ...state.evidence].map(({ name, value, at }) => ({
    name,
    value: at === undefined ? (value ?? '') : <Ago at={at} now={now} />,
  }));
}

/** A lamp that opens its explanation, without script. */
export function ExplainedLamp({ id, state, now }: { id: string; state: NodeState; now: number }) {
  const word = STATE_WORDS[state.name];
  return (
    <>
      <button type="button" class={`lamp is-${state.name}`} popovertarget={id} title="Why?">
        <svg aria-hidden="true">
          <use href={`#lamp-${state.name}`} />
        </svg>
        {word}
      </button>
      <div popover="auto" id={id} class="bubble">
        <p class="bubble-title">Why {word.toLowerCase()}?</p>
        <Explain state={state} now={now} />
      </div>
    </>
  );
}
