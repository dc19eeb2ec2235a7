import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { someViewer } from '#accounts/viewer.fixture.ts';
import { Bus } from '../../bus.ts';
import type { LiveSource } from '../../console/live.ts';
import type { Viewer } from '../../viewer.ts';
import type { JobBatch, JobSummary } from '../job.ts';
import type { JobLogs } from '../job-logs.ts';
import type { JobReader } from '../job-reader.ts';
import { batchKey, jobSources } from './source.tsx';

const BATCH = '00000000-0000-4000-8000-000000000001';
const ANN = someViewer('ann@x.example', 'operator');
const BOB = someViewer('bob@x.example', 'operator');
const ROOT = someViewer('root@x.example', 'ancient');
/** Jobs of the batch that each of them sees. */
const SEEN = new Map([
  [ANN.email, 3],
  [ROOT.email, 8],
  ['hub', 8],
]);

describe('what pages about jobs watch', () => {
  let bus: Bus;
  let now: number;
  let asked: (readonly string[])[];
  let sources: ReadonlyMap<string, LiveSource>;
  beforeEach(() => {
    bus = new Bus({ log: pino({ level: 'silent' }) });
    now = 1_000_000;
    asked = [];
    const reader = {
      batch: (viewer: Viewer) => {
        const nodes = SEEN.get(viewer.email);
        const batch = { batchId: BATCH, kind: 'node-test', nodes, states: { queued: nodes } };
        return Promise.resolve(nodes === undefined ? undefined : (batch as JobBatch));
      },
      byIds: (_viewer: Viewer, ids: readonly string[]) => {
        asked.push(ids);
        return Promise.resolve([] as JobSummary[]);
      },
    } as Partial<JobReader> as JobReader;
    const made = jobSources({ reader, logs: {} as JobLogs, bus, clock: { now: () => now } });
    sources = new Map(made.map((source) => [source.name, source]));
  });

  it('is of a batch what its reader sees of it, and nobody watches it with the eyes of another', async () => {
    const batch = sources.get('batch')!;
    const keys = [ANN, BOB, ROOT].map((viewer) => batchKey(viewer, BATCH));
    const [ann, , root] = keys as [string, string, string];
    expect(await batch.admit(ANN, keys)).toEqual([ann]);
    expect(await batch.admit(BOB, keys)).toEqual([]);
    expect(await batch.admit(ROOT, keys)).toEqual([root]);
    const shown = await batch.changes(new Set([ann, root]), new Set());
    expect(shown.get(ann)).toContain('0 of 3 over');
    expect(shown.get(root)).toContain('0 of 8 over');
  });

  it('is looked up where it moved here, and all of it in a slow round', async () => {
    const job = sources.get('job')!;
    const watched = new Set(['a', 'b', 'c']);
    await job.changes(watched, watched);
    now += 1_000;
    bus.publish('jobs', { ids: ['b', 'z'] });
    await job.changes(watched, new Set(['c']));
    now += 1_000;
    await job.changes(watched, new Set());
    now += 4_000;
    await job.changes(watched, new Set());
    expect(asked).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
      ['a', 'b', 'c'],
    ]);
  });
});
