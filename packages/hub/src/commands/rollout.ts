import { systemClock } from '../clock.ts';
import { iso } from '../console/format.ts';
import { HubError } from '../error.ts';
import {
  type CourseAct,
  createRolloutTools,
  type PauseAllState,
  type ReleaseKind,
  RINGS,
  type Rollout,
  type RolloutPlan,
  type RolloutTools,
  type StuckNode,
} from '../rollouts/index.ts';
import { LOCAL } from './command-line.ts';
import type { CommandContext } from './context.ts';
import { confirm } from './prompt.ts';
import { withBench } from './release.ts';
import { printable, table } from './table.ts';

export interface CreateOptions {
  readonly kind: ReleaseKind;
  readonly targets?: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

/** Whoever has the shell has proved to be there. */
const viewer = () => ({ ...LOCAL, confirmedAt: systemClock.now() });

export async function createRollout(context: CommandContext, options: CreateOptions): Promise<void> {
  const targetsVersion = options.targets === undefined ? undefined : Number(options.targets);
  if (targetsVersion !== undefined && !Number.isSafeInteger(targetsVersion))
    throw new HubError('bad_option', `--targets takes a number: '${options.targets}' is none`, {
      retry: false,
    });
  await withTools(context, async ({ desk }) => {
    const request = { kind: options.kind, targetsVersion };
    const plan = await desk.plan(viewer(), request);
    const nodes = plan.rings.reduce((total, ring) => total + ring.nodes, 0);
    if (!context.json) for (const line of toldPlan(plan)) context.out(line);
    if (options.dryRun) {
      if (context.json) context.out(JSON.stringify({ ok: true, dryRun: true, ...planOf(plan) }));
      return;
    }
    if (!options.yes && !(await confirm(context, `Roll ${plan.kind} ${plan.version} out to ${nodes} nodes?`)))
      throw new HubError('not_confirmed', 'nothing was begun', { retry: false });
    const rollout = await desk.create(viewer(), { ...request, expected: nodes });
    context.out(
      context.json
        ? JSON.stringify({ ok: true, ...rowOf(rollout), ...planOf(plan) })
        : `Begun as ${rollout.rolloutId}. Follow it: stoa-hub rollout status ${rollout.rolloutId}`,
    );
  });
}

export async function showRollouts(context: CommandContext, id: string | undefined): Promise<void> {
  await withTools(context, async ({ reader }) => {
    const all = (await reader.list()).filter(({ rolloutId }) => id === undefined || rolloutId === id);
    if (id !== undefined && all.length === 0) throw unknown(id);
    const paused = await reader.pauseAll();
    if (context.json) {
      context.out(JSON.stringify({ pausedAll: paused.paused, rollouts: all.map(rowOf) }));
      return;
    }
    for (const line of [...toldPause(paused), ...toldList(all)]) context.out(line);
    if (id !== undefined) for (const line of toldGate(all[0]!)) context.out(line);
  });
}

function toldPause({ paused, by }: PauseAllState): string[] {
  if (!paused) return [];
  const since = by === undefined ? 'nobody can say when' : `${iso(by.at)} by ${printable(by.actor)}`;
  return [`PAUSE ALL since ${since}: stoa-hub rollout resume-all`];
}

function toldList(all: readonly Rollout[]): string[] {
  if (all.length === 0) return ['No rollout yet: stoa-hub rollout create'];
  const rows = all.map((one) => [
    ...[one.rolloutId, one.cargo.kind, one.version, one.course.state, RINGS[one.course.ring]!.name],
    ...[String(sum(one, 'confirmed')), String(sum(one, 'failed')), iso(one.createdAt)],
  ]);
  return table(['ID', 'WHAT', 'VERSION', 'STATE', 'RING', 'CONFIRMED', 'FAILED', 'BEGUN'], rows);
}

export async function actOnRollout(
  context: CommandContext,
  id: string | undefined,
  by: { act: CourseAct; reason: string },
): Promise<void> {
  await withTools(context, async (tools) => {
    const rolloutId = id ?? (await theOpen(tools)).rolloutId;
    const rollout = await tools.desk.act(viewer(), rolloutId, by);
    context.out(
      context.json
        ? JSON.stringify({ ok: true, ...rowOf(rollout) })
        : `${rollout.cargo.kind} ${rollout.version} is ${rollout.course.state}.`,
    );
  });
}

export async function pauseAll(
  context: CommandContext,
  by: { paused: boolean; reason: string },
): Promise<void> {
  await withTools(context, ({ desk }) => desk.pauseAll(viewer(), by));
  context.out(
    context.json
      ? JSON.stringify({ ok: true, pausedAll: by.paused })
      : by.paused
        ? 'Nothing begins any more, in the whole region, until stoa-hub rollout resume-all.'
        : 'Rollouts go on where they were.',
  );
}

export async function stuckNodes(
  context: CommandContext,
  id: string | undefined,
  options: { retry: boolean; abort: boolean; node?: readonly string[] },
): Promise<void> {
  if (options.retry && options.abort)
    throw new HubError('bad_option', '--retry and --abort exclude each other', { retry: false });
  await withTools(context, async (tools) => {
    const rolloutId = id ?? (await theOpen(tools)).rolloutId;
    if (!options.retry && !options.abort) {
      const nodes = await tools.reader.stuck(rolloutId, systemClock.now());
      const lines = context.json ? [JSON.stringify({ rolloutId, nodes })] : toldStuck(nodes);
      for (const line of lines) context.out(line);
      return;
    }
    const [act, done] = options.retry ? (['retry', 'asked again'] as const) : (['give-up', 'ended'] as const);
    const nodes = await tools.desk.stuck(viewer(), rolloutId, { act, nodeIds: options.node });
    context.out(context.json ? JSON.stringify({ ok: true, act, nodes }) : `${nodes} nodes: ${done}.`);
  });
}

function toldStuck(nodes: readonly StuckNode[]): string[] {
  if (nodes.length === 0) return ['Nothing is stuck.'];
  const rows = nodes.map((node) => [
    ...[node.label, node.nodeId, node.owner, RINGS[node.ring]!.name, node.state, String(node.attempt)],
    ...[node.version, node.reason],
  ]);
  return table(['NODE', 'ID', 'OWNER', 'RING', 'STATE', 'TRY', 'RUNS', 'WHY'], rows);
}

/** As of a hub, whose ticker does the rest: it hears by the database. */
function withTools<T>(context: CommandContext, work: (tools: RolloutTools) => Promise<T>): Promise<T> {
  return withBench(context, (releases, sql) =>
    work(createRolloutTools({ sql, releases, clock: systemClock })),
  );
}

async function theOpen({ reader }: RolloutTools): Promise<Rollout> {
  const open = (await reader.list()).filter(({ course }) => !['aborted', 'complete'].includes(course.state));
  if (open.length === 1) return open[0]!;
  throw new HubError(
    'bad_option',
    `${open.length === 0 ? 'no' : open.length} rollouts are open: name one by its id, stoa-hub rollout status lists them`,
    { retry: false },
  );
}

function unknown(id: string): HubError {
  return new HubError('not_found', `there is no rollout '${id}': stoa-hub rollout status lists them`, {
    retry: false,
  });
}

export function rowOf({ rolloutId, cargo, version, security, course, evidence, createdBy }: Rollout) {
  const { state, ring, reason } = course;
  const { kind } = cargo;
  const of =
    cargo.kind === 'chainweb'
      ? { batchId: cargo.batchId, signedBy: cargo.order?.signedBy, awaitsApproval: cargo.awaitsApproval }
      : { targetsVersion: cargo.targetsVersion };
  return { rolloutId, kind, version, ...of, security, state, ring, reason, createdBy, evidence };
}

function planOf({ kind, version, release, downgrade, rings, reach }: RolloutPlan) {
  return {
    ...{ kind, version, downgrade, reach },
    ...{ targets: release.version, security: release.security, rings },
  };
}

function toldPlan({ kind, version, release, downgrade, rings, reach }: RolloutPlan): string[] {
  const nodes = rings.reduce((total, ring) => total + ring.nodes, 0);
  return [
    `${kind} ${version} of targets ${release.version}${release.security ? ', which mends a security fault' : ''}${downgrade ? ', the way down' : ''}, to ${nodes} nodes:`,
    ...table(
      ['RING', 'NODES', 'OWNERS'],
      rings.map((ring) => [RINGS[ring.ring]!.name, String(ring.nodes), String(ring.owners)]),
    ),
    `Of these ${reach.current} run it already, ${reach.pinned} are pinned elsewhere, ${reach.byHand} are updated by hand, ${reach.silent} never spoke of updates, ${reach.otherPlatform} are of another platform.`,
  ];
}

function toldGate({ course, evidence }: Rollout): string[] {
  if (evidence === undefined) return ['No step was taken yet.'];
  return [
    ...(course.reason === '' ? [] : [`Why: ${printable(course.reason)}`]),
    ...evidence.checks.map(({ ok, name, words }) => `${ok ? 'ok  ' : 'wait'}  ${name.padEnd(9)} ${words}`),
    ...(evidence.setAside.length === 0
      ? []
      : [`Set aside: ${evidence.setAside.map((owner) => printable(owner)).join(', ')}`]),
  ];
}

function sum({ evidence }: Rollout, what: 'confirmed' | 'failed'): number {
  return evidence?.rings.reduce((total, ring) => total + ring[what], 0) ?? 0;
}
