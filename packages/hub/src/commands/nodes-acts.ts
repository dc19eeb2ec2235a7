import { type ActName, actOf, type BlastRadius, type BulkRequest } from '../bulk/index.ts';
import { number } from '../console/format.ts';
import { HubError } from '../error.ts';
import { tagName } from '../nodes/index.ts';
import { isEverything } from '../selector/index.ts';
import type { CommandContext } from './context.ts';
import { type Fleet, readSelector, withFleet } from './fleet.ts';
import { confirm } from './prompt.ts';

export interface WriteOptions {
  readonly query: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

export interface TagOptions extends WriteOptions {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

export async function tagNodes(context: CommandContext, options: TagOptions): Promise<void> {
  const { add = [], remove = [] } = options;
  if (add.length + remove.length === 0)
    throw new HubError('bad_option', 'nothing to do: name tags by --add or --remove', { retry: false });
  await runActs(context, options, [
    ...remove.map((tag) => ({ act: 'untag', tag: tagName(tag) }) as const),
    ...add.map((tag) => ({ act: 'tag', tag: tagName(tag) }) as const),
  ]);
}

export async function retireNodes(context: CommandContext, options: WriteOptions): Promise<void> {
  await runActs(context, options, [{ act: 'retire', tag: '' }]);
}

interface Done {
  readonly act: ActName;
  readonly tag: string;
  readonly radius: BlastRadius;
  /** Undefined where nothing was done. */
  readonly changed: number | undefined;
}

/** What each act would touch is told first; it is done once that was agreed to, and to no more nodes than were told. */
async function runActs(
  context: CommandContext,
  { query, dryRun, yes }: WriteOptions,
  acts: readonly Pick<BulkRequest, 'act' | 'tag'>[],
): Promise<void> {
  const selector = readSelector(query);
  if (isEverything(selector))
    throw new HubError('bad_option', "-q '' selects every node: name those that you mean", { retry: false });
  await withFleet(context, async (fleet) => {
    const done: Done[] = [];
    for (const { act, tag } of acts)
      done.push(await runAct(context, fleet, { request: { act, tag, selector }, dryRun, yes }));
    if (context.json) context.out(JSON.stringify({ dryRun, acts: done.map(plain) }));
  });
}

async function runAct(
  context: CommandContext,
  { acts, viewer }: Fleet,
  { request, dryRun, yes }: Omit<WriteOptions, 'query'> & { request: BulkRequest },
): Promise<Done> {
  const { act, tag } = request;
  const say = (line: string) => context.json || context.out(line);
  const radius = await acts.radius(viewer, request);
  for (const line of told(request, radius)) say(line);
  if (dryRun || radius.nodes === 0) return { act, tag, radius, changed: undefined };
  if (!yes && !(await confirm(context, 'Do it?')))
    throw new HubError('not_confirmed', 'nothing was done', { retry: false });
  const changed = await acts.run(viewer, request, radius.nodes);
  say(`Done: ${nodes(changed)}.`);
  return { act, tag, radius, changed };
}

function plain({ act, tag, radius, changed = 0 }: Done) {
  const { found, nodes: would, owners, regions, versions } = radius;
  return { act, ...(tag !== '' && { tag }), found, nodes: would, owners, regions, versions, changed };
}

function told({ act, tag }: Pick<BulkRequest, 'act' | 'tag'>, radius: BlastRadius): string[] {
  const shares = (title: string, of: BlastRadius['regions']) =>
    of.length === 0
      ? []
      : [`  ${title}: ${of.map(({ name, nodes: count }) => `${name} ${number(count)}`).join(', ')}`];
  const rest = radius.found - radius.nodes;
  return [
    `${actOf(act).says(nodes(radius.nodes), tag)}${rest === 0 ? '' : ` (${number(rest)} more match, and are so already)`}.`,
    ...(radius.nodes === 0 ? [] : [`  owners: ${radius.owner ?? number(radius.owners)}`]),
    ...shares('regions', radius.regions),
    ...shares('versions', radius.versions),
    ...(radius.sample.length === 0
      ? []
      : [`  among them: ${radius.sample.map(({ label }) => label.replaceAll(/\p{Cc}/gu, '?')).join(', ')}`]),
  ];
}

function nodes(count: number): string {
  return count === 1 ? '1 node' : `${number(count)} nodes`;
}
