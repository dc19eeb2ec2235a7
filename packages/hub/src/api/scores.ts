import { createRoute, z } from '@hono/zod-openapi';
import { formatScore, HW_PERMILLE, PART_NAMES } from '@stoa/protocol/stoicism';
import { viewerWith } from '#api-keys/index.ts';
import { type NodeListing, seenNode } from '#nodes/index.ts';
import type { NodeScore, ScoreReader, ScoreRun, StoredScore } from '#scores/index.ts';
import { type Api, access, FAILURES, iso, json } from './route.ts';
import { nodeIdParam } from './schemas.ts';

export interface ScoreApiDeps {
  readonly listing: NodeListing;
  readonly scores: Pick<ScoreReader, 'node'>;
}

const HOUR_MS = 3_600_000;

const score = z.string().openapi({ description: 'Exact, with six decimals.', example: '0.987654' });
const instant = z.iso.datetime();
const version = z.strictObject({
  version: z.int(),
  score,
  reviewed: score.openapi({ description: 'What it would be if an admin accepted what is above the caps.' }),
  from: instant.openapi({ description: 'It counts from this hour on.' }),
  cause: z.string().openapi({ description: 'benchmark, baselines or review.' }),
  job: z.string(),
  baselineVersion: z.int(),
  committedGb: z.int(),
});
const part = z.strictObject({
  part: z.enum(PART_NAMES as [string, ...string[]]),
  value: z
    .number()
    .nullable()
    .openapi({ description: 'Of the unit of the part; null where nothing was measured.' }),
  baseline: z.number(),
  weight: z.number().openapi({ description: 'Millionths of the whole score.' }),
  earned: z
    .number()
    .openapi({ description: 'Millionths of the whole score, before the factor of the hardware.' }),
  note: z.string().nullable().openapi({ description: 'Why it earns nothing, or less than was measured.' }),
});
const run = z.strictObject({
  job: z.string(),
  at: instant,
  hardware: z.enum(Object.keys(HW_PERMILLE) as [string, ...string[]]),
  score: score
    .nullable()
    .openapi({ description: 'By the baselines of the next hour; null where it was refused.' }),
  fault: z.string().nullable(),
  review: z.enum(['accepted', 'refused']).nullable(),
  parts: z.array(part),
});
const nodeScoreSchema = z
  .strictObject({
    score: score
      .nullable()
      .openapi({ description: 'Of the newest version; null before the first benchmark.' }),
    baselineVersion: z.int(),
    versions: z.array(version).openapi({ description: 'The newest first, at most twenty.' }),
    runs: z.array(run).openapi({ description: 'The last successful benchmarks, the newest first.' }),
  })
  .openapi('NodeScore');

const show = createRoute({
  method: 'get',
  path: '/api/v1/nodes/{id}/score',
  summary: 'What a node is worth by its benchmarks, and why',
  ...access('nodes:read'),
  request: { params: nodeIdParam },
  responses: { ...FAILURES, 200: json(nodeScoreSchema, 'Its ServerScore') },
});

export function addScoreRoutes(api: Api, { listing, scores }: ScoreApiDeps): void {
  api.openapi(show, async (c) => {
    const node = await seenNode(listing, viewerWith(c, 'nodes:read'), c.req.valid('param').id);
    return c.json(scoreAnswer(await scores.node(node.nodeId)), 200);
  });
}

/** The same for programs over HTTP and for `stoa-hub --json score show`. */
export function scoreAnswer({ history, runs, table }: NodeScore): z.infer<typeof nodeScoreSchema> {
  const [newest] = history;
  return {
    score: newest === undefined ? null : formatScore(newest.micro),
    baselineVersion: table.version,
    versions: history.map(versionAnswer),
    runs: runs.map(runAnswer),
  };
}

function versionAnswer(stored: StoredScore): z.infer<typeof version> {
  return {
    version: stored.version,
    score: formatScore(stored.micro),
    reviewed: formatScore(stored.reviewMicro),
    from: iso(stored.hubHour * HOUR_MS),
    cause: stored.cause,
    job: stored.jobId,
    baselineVersion: stored.baselineVersion,
    committedGb: stored.committedGb,
  };
}

function runAnswer({ jobId, endedAt, hwType, score: made, fault, decision }: ScoreRun): z.infer<typeof run> {
  return {
    job: jobId,
    at: iso(endedAt),
    hardware: hwType,
    score: made === undefined ? null : formatScore(made.micro),
    fault: fault === '' ? null : fault,
    review: decision?.word ?? null,
    parts: (made?.parts ?? []).map(({ part: name, value, baseline, weightPpm, earnedPpm, note }) => ({
      ...{ part: name, value: value === undefined ? null : value / 1_000, baseline: baseline / 1_000 },
      ...{ weight: weightPpm, earned: earnedPpm, note: note ?? null },
    })),
  };
}
