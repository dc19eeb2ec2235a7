import { randomBytes, randomUUID } from 'node:crypto';
import {
  createClock,
  createCommands,
  createDisk,
  createHttp,
  createJobHandlers,
  createRootClient,
  type KindDeps,
  openProc,
  readHostFacts,
} from '@stoa/agent';
import { fromHex, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { WORK_PARTS } from '@stoa/protocol/stoicism';
import { describe, expect, it } from 'vitest';
import { openConsoleWorld } from '../kit/console-world.ts';
import { temporaryDirectory } from '../kit/temporary-directory.ts';

const MOST_REPORT_BYTES = 1_200;

describe('a benchmark of an agent', { tags: ['postgres'], timeout: 120_000 }, () => {
  it('answers the nonces of its hub as it measures, and becomes the score of its node', async () => {
    await using world = await openConsoleWorld({ nodes: 1 });
    await using directory = await temporaryDirectory();
    const { sql, web } = world;
    const seed = new Uint8Array(32).fill(7);
    const { publicKey } = nodeCrypto.signingKey(seed);
    const nodeId = toHex(nodeCrypto.hash(publicKey));
    const jobId = randomUUID();
    await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
      values (${nodeId}, 'measured', 'ann@x.example', 'eu', ${publicKey}, ${Buffer.of(0)}, now())`;
    await sql`insert into jobs (job_id, batch_id, node_id, owner, run, kind, class, mutating, idempotent, params, state,
        max_attempts, attempt, scheduled_at, deadline, created_at)
      values (${jobId}, gen_random_uuid(), ${nodeId}, 'ann@x.example', 'agent', 'benchmark-node', 'disruptive', true,
        false, '{}', 'running', 1, 1, now(), now(), now())`;
    const clock = createClock();
    const http = createHttp({ clock });
    const proc = openProc();
    const deps: KindDeps = {
      ...{ clock, http, nodeHttp: http, proc, disk: createDisk(), commands: createCommands(clock) },
      random: (count) => new Uint8Array(randomBytes(count)),
      rootSteps: createRootClient({
        socketPath: `${directory.path}/none.sock`,
        time: () => undefined,
        ownerKeyChanges: async () => [],
      }),
      hostFacts: readHostFacts(proc),
      config: {
        ...{ dataDir: directory.path, committedPath: directory.path, committedGb: 250, network: 'stoa' },
        ...{ chainwebUrl: 'http://127.0.0.1:9', chainwebP2pUrl: 'https://127.0.0.1:9' },
      },
      nodeSeed: async () => seed,
      ownerKey: async () => undefined,
      updates: () => {
        throw new Error('a benchmark asks nothing of updates');
      },
      hub: async () => world.url,
    };
    const handlers = createJobHandlers(deps, { benchmarkSeconds: 0.2, benchmarkMegabytes: 16 });
    const log: string[] = [];
    const lease = { nodeId: fromHex(nodeId), jobId: fromHex(jobId.replaceAll('-', '')), attempt: 1 };
    const { report } = await handlers['benchmark-node'].run({
      ...{ kind: 'benchmark-node', params: {}, signal: new AbortController().signal },
      lease: lease as Parameters<(typeof handlers)['benchmark-node']['run']>[0]['lease'],
      message: {} as Parameters<(typeof handlers)['benchmark-node']['run']>[0]['message'],
      log: (line) => void log.push(line),
      progress: () => undefined,
    });
    expect(log.filter((line) => line.includes('count nothing'))).toEqual([]);
    expect(JSON.stringify(report).length).toBeLessThan(MOST_REPORT_BYTES);
    const answers = await sql<{ part: string; verdict: string | null }[]>`
      select part, verdict from benchmark_work where job_id = ${jobId} and answered_at is not null order by part collate "C"`;
    expect(answers).toEqual(WORK_PARTS.toSorted().map((part) => ({ part, verdict: 'right' })));
    await sql`update jobs set state = 'succeeded', ended_at = now(), report = ${JSON.stringify(report)}
      where job_id = ${jobId}`;
    await web.tasks.find(({ name }) => name === 'benchmark-intake')!.tick();
    const [score] = await sql<{ micro: number; committed_gb: number; breakdown: string }[]>`
      select micro, committed_gb, breakdown from scores join score_breakdowns using (node_id, version)
      where node_id = ${nodeId}`;
    expect(score).toMatchObject({ committed_gb: 250 });
    expect(score!.micro).toBeGreaterThan(100_000);
    const { parts } = JSON.parse(score!.breakdown) as { parts: { part: string; note: string | null }[] };
    expect(parts.filter(({ note }) => note === 'unproven')).toEqual([]);
  });
});
