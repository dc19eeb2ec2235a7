import { number, short, tenths } from '../console/format.ts';
import { embed, Markup, markup } from '../console/markup.ts';
import { agoMarkup, unknownMarkup } from '../console/parts.tsx';
import type { CpuDay } from './cpu-day.ts';
import { explainedLamp } from './explain.tsx';
import type { Instant } from './liveness.ts';
import { stateName, TIP_WITHIN } from './state.ts';
import type { NodeSummary } from './summary.ts';

/** Names a node's elements in a page: enough of the id to be its own. */
export function domId(nodeId: string): string {
  return `n-${nodeId.slice(0, 16)}`;
}

/**
 * One node in the list, relative to a page one deep.
 * @param day as `dayCell` makes it; left out where the row takes the place of one: half of its bytes, new once an hour.
 */
export function nodeRow(node: NodeSummary, at: Instant, day = KEPT_DAY): Markup {
  const { nodeId, facts } = node;
  const id = domId(nodeId);
  const lamp = explainedLamp(nodeId, stateName(facts, at));
  const seen = facts.lastSeen === undefined ? 'never' : agoMarkup(facts.lastSeen, at.now);
  const mark = markup`${node.simulated && SIMULATED}${node.unpaid && UNPAID}`;
  const name = markup`<a href="nodes/${nodeId}">${node.label}</a>${mark}<span class="sub">${short(nodeId)} &#183; ${node.owner || 'no owner'}</span>`;
  return markup`<tr id="${id}"><td class="c-pick"><input type="checkbox" form="bulk" name="id" value="${nodeId.slice(0, 16)}" aria-label="Select ${node.label}"></td><td class="c-state">${lamp}</td><th scope="row" class="c-node">${name}</th><td class="num c-lag">${lagMarkup(facts.lag, facts.forked)}</td><td class="c-seen">${seen}</td>${shareCell(node.cpu, 'CPU')}${day}${shareCell(node.memory, 'Memory')}${shareCell(node.disk, 'Disk')}<td class="num c-wide">${node.load === undefined ? unknownMarkup('load: not measured yet') : tenths(node.load)}</td><td class="c-version">${node.agentVersion ?? unknownMarkup('the agent has not described itself yet')}</td><td class="c-region">${node.region}</td></tr>`;
}

const SIMULATED = markup`<span class="mark" title="A simulated node: never counted in ledger, mint or public pages">simulated</span>`;

const UNPAID = markup`<span class="mark warn" title="Nobody named an account to pay it to: it earns nothing">unpaid</span>`;

export function Simulated() {
  return embed(SIMULATED);
}

/** Blocks behind on the worst chain. */
function lagMarkup(lag: number | undefined, forked: boolean): Markup {
  if (lag === undefined) return unknownMarkup('a tip of this node is not known to the hub');
  const text = forked ? markup`${number(lag)} &#183; fork` : number(lag);
  return lag > TIP_WITHIN || forked ? markup`<span class="warn">${text}</span>` : markup`${text}`;
}

export function Lag({ lag, forked }: { lag: number | undefined; forked: boolean }) {
  return embed(lagMarkup(lag, forked));
}

/** Every cell there can be, made once; the class says the twentieth, and with it the level (85 and 95 %). */
const SHARE_CELLS = Array.from(
  { length: 101 },
  (_, percent) => markup`<td class="c-load g${Math.floor(percent / 5)}">${percent}</td>`,
);

function shareCell(share: number | undefined, what: string): Markup {
  const cell = share === undefined ? undefined : SHARE_CELLS[Math.round(share * 100)];
  return cell ?? markup`<td class="c-load">${unknownMarkup(`${what}: not measured yet`)}</td>`;
}

/** Whatever stands there stays when the row is morphed. */
const DAY_CELL = '<td class="c-day" hx-morph-skip>';
const KEPT_DAY = new Markup(`${DAY_CELL}</td>`);
const NO_DAY = markup`${new Markup(DAY_CELL)}${unknownMarkup('CPU: no hour stored yet')}</td>`;

export function dayCell(day: CpuDay | undefined): Markup {
  if (day === undefined) return NO_DAY;
  return markup`${new Markup(DAY_CELL)}<svg class="spark" role="img"><title>CPU over 24 h: ${day.span}</title><path d="${day.path}"/></svg></td>`;
}
