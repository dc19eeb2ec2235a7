import { relative } from '../console/format.ts';
import { HubError } from '../error.ts';
import { type Instant, type NodeDetail, stateName, toDetail } from '../nodes/index.ts';
import type { Selector } from '../selector/index.ts';
import type { CommandContext } from './context.ts';
import { type Fleet, readSelector, withFleet } from './fleet.ts';
import { table } from './table.ts';

export interface ListOptions {
  readonly query: string;
  readonly limit: string;
}

interface Listed extends NodeDetail {
  readonly tags: readonly string[];
  readonly hardware: string;
}

/** `stoa-hub nodes ls`: as a table, or all of it as one object. */
export async function listNodes(context: CommandContext, options: ListOptions): Promise<void> {
  const limit = wholeNumber('--limit', options.limit);
  const selector = readSelector(options.query);
  await withFleet(context, async (fleet) => {
    const nodes = await take(fleet, selector, limit + 1);
    const more = nodes.length > limit;
    const shown = nodes.slice(0, limit);
    if (context.json) {
      context.out(JSON.stringify({ nodes: shown.map((node) => plain(node, fleet.at)), more }));
      return;
    }
    for (const line of rows(shown, fleet.at)) context.out(line);
    if (more) context.out(`… and more: --limit shows them`);
    if (shown.length === 0) context.out('No node matches.');
  });
}

/** `stoa-hub nodes show`: by id, by label, or by what an id begins with. */
export async function showNode(context: CommandContext, name: string): Promise<void> {
  await withFleet(context, async (fleet) => {
    const node = await named(fleet, name);
    const facts = plain(node, fleet.at);
    if (context.json) context.out(JSON.stringify(facts));
    else
      for (const [key, value] of Object.entries(facts))
        context.out(`${key.padEnd(11)}${Array.isArray(value) ? value.join(', ') : String(value ?? '–')}`);
  });
}

async function named(fleet: Fleet, name: string): Promise<Listed> {
  const field = /^[0-9a-f]{8,64}$/.test(name) ? 'id' : 'label';
  const term: Selector = { kind: 'term', field, operator: ':', values: [name], column: 1 };
  const found = await take(fleet, term, 1_000);
  const fitting = field === 'id' ? found : found.filter(({ label }) => label === name);
  const [node] = fitting;
  if (node !== undefined && fitting.length === 1) return node;
  throw new HubError(
    'not_found',
    node === undefined
      ? `no node has the id or label '${name}': stoa-hub nodes ls lists them`
      : `${fitting.length} nodes are called '${name}': name one by its id, ${fitting
          .slice(0, 3)
          .map(({ nodeId }) => nodeId.slice(0, 12))
          .join(', ')}`,
    { retry: false },
  );
}

async function take(fleet: Fleet, selector: Selector, most: number): Promise<Listed[]> {
  const taken: Listed[] = [];
  for await (const rows of fleet.listing.all(fleet.viewer, selector, fleet.at)) {
    taken.push(...rows.map((row) => ({ ...toDetail(row), tags: row.tags, hardware: row.hw_type })));
    if (taken.length >= most) break;
  }
  return taken.slice(0, most);
}

function plain(node: Listed, at: Instant) {
  const { facts } = node;
  return {
    id: node.nodeId,
    label: node.label,
    state: stateName(facts, at),
    owner: node.owner,
    region: node.region,
    tags: node.tags,
    lag: facts.lag ?? null,
    lastSeen: facts.lastSeen === undefined ? null : new Date(facts.lastSeen).toISOString(),
    version: node.agentVersion ?? null,
    role: node.role,
    hardware: node.hardware,
    simulated: node.simulated,
  };
}

function rows(nodes: readonly Listed[], at: Instant): string[] {
  return table(
    ['STATE', 'LABEL', 'LAG', 'SEEN', 'VERSION', 'REGION', 'OWNER', 'ID'],
    nodes.map((node) => [
      stateName(node.facts, at),
      node.label,
      String(node.facts.lag ?? '–'),
      node.facts.lastSeen === undefined ? 'never' : relative(node.facts.lastSeen, at.now),
      node.agentVersion ?? '–',
      node.region,
      node.owner || '–',
      node.nodeId.slice(0, 12),
    ]),
  );
}

function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 1_000_000) return number;
  throw new HubError('bad_option', `${option}=${text}: a whole number from 1 to 1000000 expected`, {
    retry: false,
  });
}
