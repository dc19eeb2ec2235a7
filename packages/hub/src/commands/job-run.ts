import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import {
  fromBase64Url,
  isKindName,
  kindOf,
  type Parameters,
  type ParamValues,
  ProtocolError,
  readParams,
} from '@stoa/protocol';
import { isSshKind } from '../bootstrap/index.ts';
import { number } from '../console/format.ts';
import { HubError } from '../error.ts';
import { attemptsAt, type JobPlan, type JobRequest, LEFT_OUT } from '../jobs/index.ts';
import type { CommandContext } from './context.ts';
import { readDurationOption } from './duration-option.ts';
import { readSelector } from './fleet.ts';
import { followBatch } from './job-follow.ts';
import { type JobBench, withJobs } from './job-tools.ts';
import { confirm } from './prompt.ts';
import { printable } from './table.ts';

export interface RunOptions {
  readonly query: string;
  readonly param?: readonly string[];
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly wait: boolean;
  readonly timeout?: string;
  readonly draft?: string;
  readonly as?: string;
  readonly order?: string;
}

/** `stoa-hub job run`: what it would touch is told first; it is done once that was agreed to, and on no more nodes. */
export async function runJob(context: CommandContext, name: string, options: RunOptions): Promise<void> {
  const asked = readRequest(name, options);
  const timeoutMs =
    options.timeout === undefined ? undefined : readDurationOption('--timeout', options.timeout);
  const order = options.order === undefined ? undefined : await readOrder(options.order);
  await withJobs(context, async (bench) => {
    const request = {
      ...asked,
      signer: order === undefined ? accountOf(options.as) : bench.orders.signerOf(order),
    };
    const plan = await bench.desk.plan(bench.viewer, request);
    if (!context.json) for (const line of toldPlan(request.kind, plan)) context.out(line);
    if (options.draft !== undefined) await writeDraft(context, bench, { request, plan, options });
    else if (options.dryRun) say(context, { dryRun: true, ...plan });
    else await submit(context, bench, { request, plan, options, order, timeoutMs });
  });
}

interface Planned {
  readonly request: JobRequest;
  readonly plan: JobPlan & { readonly params: string };
  readonly options: RunOptions;
}

async function submit(
  context: CommandContext,
  bench: JobBench,
  {
    request,
    plan,
    options,
    order,
    timeoutMs,
  }: Planned & {
    order: Uint8Array | undefined;
    timeoutMs: number | undefined;
  },
): Promise<void> {
  const asks = !options.yes && !context.json;
  if (asks && !(await confirm(context, 'Do it?')))
    throw new HubError('not_confirmed', 'nothing was done', { retry: false });
  const { batchId, submitted, needsApproval } = await bench.desk.submit(bench.viewer, {
    ...request,
    // Of a large fleet some node comes or goes every second: only who agreed to a number is held to it.
    ...(asks && { expected: plan.nodes }),
    batchId: randomUUID(),
    ...(order && { order }),
  });
  if (options.wait && !needsApproval) return reportEnd(context, bench, { batchId, timeoutMs });
  const waits = needsApproval ? ' It begins once another admin approves it in the console.' : '';
  say(
    context,
    { batchId, submitted, needsApproval },
    `Submitted: batch ${batchId}, ${nodes(submitted)}.${waits}`,
  );
}

/** @throws HubError `jobs_open` where not all are over, `jobs_failed` where not all succeeded. */
async function reportEnd(
  context: CommandContext,
  bench: JobBench,
  by: { batchId: string; timeoutMs: number | undefined },
): Promise<void> {
  await followBatch(context, bench, by);
  const { batchId } = by;
  const { submitted, succeeded, failed, open, duplicates, p99Ms } = await bench.tally(batchId);
  const stillOpen = open === 0 ? '' : `, ${number(open)} are not over`;
  say(
    context,
    { batchId, submitted, succeeded, failed, duplicates, p99_ms: p99Ms ?? null, ...(open > 0 && { open }) },
    `Batch ${batchId}: ${number(succeeded)} of ${number(submitted)} succeeded, ${number(failed)} failed${stillOpen}.`,
  );
  if (open > 0)
    throw new HubError(
      'jobs_open',
      `${number(open)} go on: stoa-hub jobs ls --batch ${batchId} shows them, stoa-hub jobs cancel ${batchId} ends them`,
      { retry: true },
    );
  if (failed > 0)
    throw new HubError(
      'jobs_failed',
      `${number(failed)} did not succeed: stoa-hub jobs ls --batch ${batchId} shows them`,
      { retry: false },
    );
}

/** One JSON object, or a line for people where there is one. */
function say({ json, out }: CommandContext, object: object, line?: string): void {
  if (json) out(JSON.stringify(object));
  else if (line !== undefined) out(line);
}

async function writeDraft(
  context: CommandContext,
  { orders, desk, viewer }: JobBench,
  { request, plan, options: { draft, as } }: Planned,
): Promise<void> {
  const email = accountOf(as);
  if (draft === undefined || email === undefined)
    throw badOption('--draft needs --as EMAIL: the account whose key will sign');
  const signer = { ...viewer, email };
  const orderId = await orders.draft(signer, {
    kind: request.kind,
    params: plan.params,
    nodeIds: await desk.nodeIds(viewer, request),
    maxAttempts: attemptsAt(kindOf(request.kind)),
  });
  await writeFile(draft, await orders.file(signer, orderId), { mode: 0o600 });
  say(
    context,
    { orderId, draft, nodes: plan.nodes },
    `Draft ${draft}. Sign it: stoa-hub key sign-order ${draft} --file owner.key > order.txt; then run this again with --order order.txt`,
  );
}

function accountOf(as: string | undefined): string | undefined {
  return as?.trim().toLowerCase();
}

export function readRequest(
  name: string,
  { query, param = [] }: Pick<RunOptions, 'query' | 'param'>,
): JobRequest {
  if (isSshKind(name))
    throw badOption(
      `'${name}' goes over SSH, one host at a time: stoa-hub job on NODE ${name}, or docs/ssh.md`,
    );
  if (!isKindName(name)) throw badOption(`there is no kind '${name}': stoa-hub job kinds lists them`);
  return {
    kind: name,
    params: readGiven(name, kindOf(name).parameters, param),
    selector: readSelector(query),
  };
}

/** @param given `name=value` each. @throws HubError `bad_option`. */
export function readGiven(kind: string, parameters: Parameters, given: readonly string[]): ParamValues {
  const pairs = given.map((pair): [string, string] => {
    const at = pair.indexOf('=');
    if (at < 1) throw badOption(`--param ${pair}: name=value expected`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  try {
    return readParams(parameters, Object.fromEntries(pairs));
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new HubError('bad_option', `${cause.message}: stoa-hub job kinds ${kind} says what it takes`, {
      retry: false,
      cause,
    });
  }
}

/** @throws HubError `bad_option`. */
export async function readOrder(path: string): Promise<Uint8Array> {
  const text = (await readFile(path, 'utf8')).trim().split('\n').at(-1) ?? '';
  if (!/^[A-Za-z0-9_-]{100,2000}$/.test(text))
    throw badOption(
      `${path} holds no signed order: one line as stoa-hub key sign-order prints it is expected`,
    );
  return fromBase64Url(text);
}

export function toldPlan(kind: string, plan: JobPlan): string[] {
  const shares = (title: string, of: JobPlan['regions']) =>
    of.length === 0
      ? []
      : [`  ${title}: ${of.map(({ name, nodes: count }) => `${name} ${number(count)}`).join(', ')}`];
  return [
    `${kind} on ${nodes(plan.nodes)} of ${number(plan.found)} that match.`,
    ...(plan.offline > 0 ? [`  not connected now, their jobs wait: ${number(plan.offline)}`] : []),
    ...plan.leftOut.map(({ reason, nodes: count }) => `  left out: ${nodes(count)} ${LEFT_OUT[reason]}`),
    ...shares('local policies that forbid it', plan.rules),
    ...shares('regions', plan.regions),
    ...shares('versions', plan.versions),
    ...(plan.sample.length === 0
      ? []
      : [`  among them: ${plan.sample.map(({ label }) => printable(label)).join(', ')}`]),
    ...(plan.order === undefined
      ? []
      : [
          `  takes an order signed by ${plan.order === 'owner' ? 'the owner' : 'the owner or an admin'}: --draft, then --order`,
        ]),
    ...(plan.needsApproval ? ['  takes a second approver'] : []),
  ];
}

function nodes(count: number): string {
  return count === 1 ? '1 node' : `${number(count)} nodes`;
}

function badOption(message: string): HubError {
  return new HubError('bad_option', message, { retry: false });
}
