import { Lamp, lampInside } from '../console/lamp.ts';
import { embed, type Markup, markup } from '../console/markup.ts';
import { agoMarkup } from '../console/parts.tsx';
import { type Evidence, type NodeState, STATE_WORDS, STATES, type StateName } from './state.ts';

/** The state's lamp. */
export function StateLamp({ state }: { state: NodeState }) {
  return <Lamp name={state.name} word={STATE_WORDS[state.name]} />;
}

/** Rule, evidence and what would change it: how a state is told wherever it shows. */
export function explainMarkup(state: NodeState, now: number): Markup {
  const since: Evidence[] =
    state.since === undefined ? [] : [{ name: `${STATE_WORDS[state.name]} since`, at: state.since }];
  const facts = [...since, ...state.evidence].map((fact) => {
    const value = fact.at === undefined ? fact.value : agoMarkup(fact.at, now);
    return markup`<dt>${fact.name}</dt><dd>${value}</dd>`;
  });
  return markup`<div class="explain"><p>${state.rule}</p><dl class="facts">${facts}</dl><p class="explain-change">${withCode(state.change)}</p></div>`;
}

/** What stands between backquotes is a command. */
function withCode(text: string): Markup[] {
  return text.split('`').map((part, i) => (i % 2 === 1 ? markup`<code>${part}</code>` : markup`${part}`));
}

export function Explain({ state, now }: { state: NodeState; now: number }) {
  return embed(explainMarkup(state, now));
}

/** What a bubble shows. */
export function WhyPage({ state, now }: { state: NodeState; now: number }) {
  return (
    <>
      <p class="bubble-title">Why {STATE_WORDS[state.name].toLowerCase()}?</p>
      <Explain state={state} now={now} />
    </>
  );
}

const INSIDE = Object.fromEntries(
  STATES.map((state) => [state, lampInside(state, STATE_WORDS[state])]),
) as Record<StateName, Markup>;

/** In a list (relative to a page one deep): a lamp that leads to its explanation; with script it opens in place (`WhyBubble`). */
export function explainedLamp(nodeId: string, state: StateName): Markup {
  return markup`<a class="lamp is-${state}" href="nodes/${nodeId}#why" title="Why?">${INSIDE[state]}</a>`;
}

/** Where the explanation of a lamp in the page shows. */
export const WHY_BUBBLE = markup`<div id="bubble" class="bubble" popover="auto" role="dialog" aria-label="Why this state" tabindex="-1"></div>`;
