import { systemClock } from '../clock.ts';
import { iso } from '../console/format.ts';
import { HubError } from '../error.ts';
import { type Clustering, createSybilTools, reportJson, type SybilTools } from '../sybil/index.ts';
import { besideHub } from './beside.ts';
import { LOCAL } from './command-line.ts';
import type { CommandContext } from './context.ts';
import { printable, table } from './table.ts';

const CLUSTERS = 500;
const DISPUTES = 100;

export async function reportSybils(
  context: CommandContext,
  { by, from }: { readonly by: Clustering; readonly from: string },
): Promise<void> {
  if (!/^\d{1,7}$/.test(from)) throw bad(`--from='${from}' is no count of clusters`);
  await withTools(context, async ({ reports }) => {
    const span = { from: Number(from), limit: CLUSTERS, now: systemClock.now() };
    const told = reportJson(await reports.page(by, span));
    if (context.json) return context.out(JSON.stringify(told));
    if (told.clusters.length === 0) return context.out(`No two nodes stand together by ${by}.`);
    const rows = told.clusters.map(({ name, nodes, owners, score, earned, share, latency }) => [
      ...[printable(name), String(nodes), String(owners), score, earned, `${(share * 100).toFixed(2)} %`],
      latency.pairs === 0 ? '-' : `${latency.alike}/${latency.pairs}`,
    ]);
    const head = [by, 'nodes', 'owners', 'score', 'points in the hour', 'share', 'alike'];
    for (const line of table(head, rows)) context.out(line);
    if (told.more) context.out(`There are more: --from ${span.from + told.clusters.length}`);
  });
}

export async function listDisputes(context: CommandContext): Promise<void> {
  await withTools(context, async ({ disputes }) => {
    const list = await disputes.list(DISPUTES);
    if (context.json) return context.out(JSON.stringify({ disputes: list }));
    if (list.length === 0) return context.out('Nothing is disputed.');
    const rows = list.map(({ disputeId, kind, subject, nodes, lastAt }) => {
      const count = (word?: string) => nodes.filter(({ decision }) => decision?.word === word).length;
      const stands = [`${count()} open`, `${count('upheld')} upheld`, `${count('dismissed')} dismissed`];
      return [disputeId, kind, printable(subject), String(nodes.length), iso(lastAt), stands.join(', ')];
    });
    for (const line of table(['dispute', 'kind', 'about', 'nodes', 'last', 'stands'], rows))
      context.out(line);
  });
}

export async function decideDispute(
  context: CommandContext,
  by: {
    readonly dispute: string;
    readonly nodes: readonly string[];
    readonly dismiss: boolean;
    readonly uphold: boolean;
    readonly reason?: string;
  },
): Promise<void> {
  const { dispute: disputeId, nodes, dismiss, uphold, reason = '' } = by;
  const nodeIds = nodes.length === 0 ? undefined : [...new Set(nodes)];
  if (dismiss === uphold) throw bad('--dismiss or --uphold says what is decided');
  if (reason.trim() === '') throw bad('--reason says why: it is kept in the audit log');
  const word = dismiss ? 'dismissed' : 'upheld';
  await withTools(context, async ({ desk }) => {
    // Whoever has the shell has proved to be there.
    const viewer = { ...LOCAL, confirmedAt: systemClock.now() };
    await desk.decide(viewer, disputeId, { word, reason: reason.trim(), nodeIds });
    context.out(context.json ? JSON.stringify({ ok: true, disputeId, word }) : `${word}: ${disputeId}`);
  });
}

function bad(message: string): HubError {
  return new HubError('bad_option', message, { retry: false });
}

function withTools(context: CommandContext, work: (tools: SybilTools) => Promise<void>): Promise<void> {
  return besideHub(context, ({ sql }) => work(createSybilTools({ sql, clock: systemClock })));
}
