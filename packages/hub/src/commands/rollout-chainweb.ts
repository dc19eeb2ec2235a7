import { writeFile } from 'node:fs/promises';
import { kindOf } from '@stoa/protocol';
import { number } from '../console/format.ts';
import { HubError } from '../error.ts';
import { belowChainweb } from '../nodes/index.ts';
import { RINGS, UpgradeDesk, type UpgradePlan, type UpgradeRequest } from '../rollouts/index.ts';
import type { Viewer } from '../viewer.ts';
import type { CommandContext } from './context.ts';
import { readSelector } from './fleet.ts';
import { readGiven, readOrder, toldPlan } from './job-run.ts';
import { type JobBench, withJobs } from './job-tools.ts';
import { confirm } from './prompt.ts';
import { rowOf } from './rollout.ts';
import { table } from './table.ts';

export interface UpgradeOptions {
  readonly chainweb: string;
  readonly query?: string;
  readonly param?: readonly string[];
  readonly draft?: string;
  readonly as?: string;
  readonly order?: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

const KIND = 'stoachain-upgrade';

/** `stoa-hub rollout create --chainweb`: drafted, signed elsewhere, then begun with the order. */
export async function createUpgrade(context: CommandContext, options: UpgradeOptions): Promise<void> {
  const order = options.order === undefined ? undefined : await readOrder(options.order);
  const request: UpgradeRequest = {
    version: options.chainweb,
    params: readGiven(KIND, kindOf(KIND).parameters, options.param ?? []),
    selector:
      options.query === undefined
        ? belowChainweb({ version: options.chainweb })
        : readSelector(options.query),
    signer: options.as?.trim().toLowerCase(),
    order,
  };
  await withJobs(context, async (bench) => {
    const desk = new UpgradeDesk({ ...bench, jobs: bench.desk, clock: { now: bench.now } });
    const plan = await desk.plan(bench.viewer, request);
    if (!context.json) for (const line of told(plan)) context.out(line);
    if (options.draft !== undefined) await draft(context, bench, { desk, request, plan, to: options.draft });
    else if (options.dryRun) say(context, { ok: true, dryRun: true, ...plan });
    else if (order === undefined)
      throw new HubError('order_needed', 'it takes an order: --draft FILE --as EMAIL, then --order FILE', {
        retry: false,
      });
    else await begin(context, bench.viewer, { desk, plan, yes: options.yes, request: { ...request, order } });
  });
}

async function draft(
  context: CommandContext,
  { orders, viewer }: JobBench,
  by: { desk: UpgradeDesk; request: UpgradeRequest; plan: UpgradePlan; to: string },
): Promise<void> {
  const { desk, request, plan, to } = by;
  const email = request.signer;
  if (email === undefined)
    throw new HubError('bad_option', '--draft needs --as EMAIL: the account whose key will sign', {
      retry: false,
    });
  const signer = { ...viewer, email };
  const orderId = await desk.draft(signer, request);
  await writeFile(to, await orders.file(signer, orderId), { mode: 0o600 });
  say(
    context,
    { ok: true, orderId, draft: to, nodes: plan.jobs.nodes },
    `Draft ${to}, good for seven days. Sign it: stoa-hub key sign-order ${to} --file owner.key > order.txt; then run this again with --order order.txt`,
  );
}

async function begin(
  context: CommandContext,
  viewer: Viewer,
  by: {
    desk: UpgradeDesk;
    request: UpgradeRequest & { readonly order: Uint8Array };
    plan: UpgradePlan;
    yes: boolean;
  },
): Promise<void> {
  const { desk, request, plan, yes } = by;
  const { nodes } = plan.jobs;
  if (!yes && !(await confirm(context, `Roll chainweb-node ${plan.version} out to ${nodes} nodes?`)))
    throw new HubError('not_confirmed', 'nothing was begun', { retry: false });
  const rollout = await desk.create(viewer, { ...request, expected: nodes });
  const waits = plan.jobs.needsApproval
    ? ' It begins once another admin approves it in the console.'
    : ` Follow it: stoa-hub rollout status ${rollout.rolloutId}`;
  say(context, { ok: true, ...rowOf(rollout), rings: plan.rings }, `Begun as ${rollout.rolloutId}.${waits}`);
}

function told({ version, jobs, rings }: UpgradePlan): string[] {
  return [
    `chainweb-node ${version}, ring by ring:`,
    ...toldPlan(KIND, jobs),
    ...table(
      ['RING', 'NODES', 'OWNERS'],
      rings.map(({ ring, nodes, owners }) => [RINGS[ring]!.name, number(nodes), number(owners)]),
    ),
  ];
}

/** One JSON object, or a line for people where there is one. */
function say({ json, out }: CommandContext, object: object, line?: string): void {
  if (json) out(JSON.stringify(object));
  else if (line !== undefined) out(line);
}
