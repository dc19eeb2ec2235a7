import { formatScore, PART_NAMES, partOf } from '@stoa/protocol/stoicism';
import { scoreAnswer } from '../api/index.ts';
import { systemClock } from '../clock.ts';
import { iso } from '../console/format.ts';
import { HubError } from '../error.ts';
import { startOf } from '../hub-hour.ts';
import { NODE_ID } from '../nodes/index.ts';
import { createScoreTools, type ScoreTools, type Waiting } from '../scores/index.ts';
import { besideHub } from './beside.ts';
import { LOCAL } from './command-line.ts';
import type { CommandContext } from './context.ts';
import { printable, table } from './table.ts';

/** Whoever has the shell has proved to be there. */
const viewer = () => ({ ...LOCAL, confirmedAt: systemClock.now() });

export async function showScore(context: CommandContext, nodeId: string): Promise<void> {
  await withTools(context, async ({ reader }) => {
    const told = scoreAnswer(await reader.node(nodeNamed(nodeId)));
    if (context.json) return context.out(JSON.stringify(told));
    const [version] = told.versions;
    if (version === undefined)
      return context.out(`No score yet: stoa-hub job run benchmark-node -q id:${nodeId}`);
    context.out(`${version.score}, version ${version.version}, from ${version.from}`);
    const runs = told.runs.filter(({ score }) => score !== null);
    const head = ['part', 'weight', 'baseline', ...runs.map(({ at }) => at.slice(0, 16)), 'why'];
    const rows = PART_NAMES.map((name, index) => [
      ...[name, `${partOf(name).weightPpm / 10_000} %`, String(runs[0]?.parts[index]?.baseline ?? '')],
      ...runs.map(({ parts }) => {
        const { earned, value } = parts[index]!;
        return value === null ? '-' : `${(earned / 1_000_000).toFixed(3)} (${value})`;
      }),
      runs[0]?.parts[index]?.note ?? '',
    ]);
    for (const line of table(head, rows)) context.out(line);
    for (const { at, fault } of told.runs)
      if (fault !== null) context.out(`${at}: makes no score: ${printable(fault)}`);
  });
}

export async function restampScores(context: CommandContext): Promise<void> {
  await withTools(context, async ({ restamp }) => {
    const nodes = await restamp.run();
    context.out(context.json ? JSON.stringify({ ok: true, nodes }) : `${nodes} nodes stamped anew`);
  });
}

export async function reviewScore(
  context: CommandContext,
  nodeId: string | undefined,
  options: { readonly accept: boolean; readonly refuse: boolean; readonly reason?: string },
): Promise<void> {
  await withTools(context, async ({ desk, reader }) => {
    const waiting = await reader.waiting();
    if (nodeId === undefined) return tellWaiting(context, waiting);
    const score = waiting.find((each) => each.nodeId === nodeNamed(nodeId));
    if (score === undefined)
      throw bad(`score of ${nodeId} waits for no review: stoa-hub score review lists those that do`);
    if (options.accept === options.refuse) return tellWaiting(context, [score]);
    const { reason } = options;
    if (reason === undefined || reason.trim() === '')
      throw bad('--reason says why: it is kept, and shown to the owner');
    const word = options.accept ? 'accepted' : 'refused';
    const done = await desk.review(viewer(), score, { version: score.version, word, reason: reason.trim() });
    const told = { nodeId, word, score: formatScore(done.micro), from: iso(startOf(done.hubHour)) };
    context.out(
      context.json ? JSON.stringify({ ok: true, ...told }) : `${word}: ${told.score} from ${told.from} on`,
    );
  });
}

function tellWaiting(context: CommandContext, waiting: readonly Waiting[]): void {
  const rows = waiting.map(({ nodeId, label, owner, micro, reviewMicro }) => ({
    ...{ nodeId, label, owner, score: formatScore(micro), reviewed: formatScore(reviewMicro) },
  }));
  if (context.json) context.out(JSON.stringify({ waiting: rows }));
  else if (rows.length === 0) context.out('Nothing waits for a review.');
  else
    for (const line of table(
      ['node', 'label', 'owner', 'score', 'would be'],
      rows.map((row) => [row.nodeId, row.label, row.owner, row.score, row.reviewed]),
    ))
      context.out(line);
}

export async function scoreBaselines(
  context: CommandContext,
  { set, reason }: { readonly set?: readonly string[]; readonly reason?: string },
): Promise<void> {
  await withTools(context, async ({ desk, reader }) => {
    if (set !== undefined) {
      if (reason === undefined || reason.trim() === '')
        throw bad('--reason says why: it is kept in the audit log');
      await desk.changeBaselines(viewer(), { changes: changesOf(set), reason: reason.trim() });
    }
    const [newest] = await reader.baselines();
    const { version, hubHour, baselines } = newest!;
    const from = iso(startOf(hubHour));
    if (context.json)
      return context.out(JSON.stringify({ ok: true, version, from, baselines: inUnits(baselines) }));
    context.out(version === 0 ? 'As published' : `Version ${version}, from ${from} on`);
    const rows = PART_NAMES.map((name) => [
      ...[name, `${partOf(name).weightPpm / 10_000} %`, String(baselines[name] / 1_000), partOf(name).unit],
    ]);
    for (const line of table(['part', 'weight', 'baseline', 'unit'], rows)) context.out(line);
  });
}

function inUnits(baselines: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(baselines).map(([name, value]) => [name, value / 1_000]));
}

function changesOf(set: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    set.map((each) => {
      const [, name, value] = /^([a-zA-Z0-9]+)=(\d{1,8}(?:\.\d{1,3})?)$/.exec(each) ?? [];
      if (name === undefined)
        throw bad(`'${each}' is no baseline: part=value is expected, such as cpuSingle=6000`);
      return [name, Math.round(Number(value) * 1_000)];
    }),
  );
}

function nodeNamed(nodeId: string): string {
  if (!NODE_ID.test(nodeId)) throw bad(`'${nodeId}' is no id of a node: stoa-hub nodes ls shows them`);
  return nodeId;
}

function bad(message: string): HubError {
  return new HubError('bad_option', message, { retry: false });
}

function withTools(context: CommandContext, work: (tools: ScoreTools) => Promise<void>): Promise<void> {
  return besideHub(context, ({ sql }) => work(createScoreTools({ sql, clock: systemClock })));
}
