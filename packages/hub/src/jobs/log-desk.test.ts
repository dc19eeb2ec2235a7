import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentSession } from './agent-session.ts';
import { uuidBytes } from './lease.ts';
import { LogDesk } from './log-desk.ts';
import { LogFiles } from './log-files.ts';
import type { LogStore } from './log-store.ts';

const NODE = 'ab'.repeat(32);
const JOB = '018f0000-0000-7000-8000-000000000001';

describe('credit for logs', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stoa-log-desk-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  function open() {
    const credits: number[] = [];
    const session = {
      node: { nodeId: NODE, owner: 'ann@x.example', site: '' },
      facts: { epoch: 1, quarantined: false },
      send: (_name: string, { stored }: { stored: number }) => void credits.push(stored),
      sendEncoded: () => undefined,
    } as unknown as AgentSession;
    const store = { attempts: async () => [1], grew: async () => undefined } as unknown as LogStore;
    const desk = new LogDesk({
      ...{ files: new LogFiles({ directory }), store, instance: 'hub-1', onGrown: () => undefined },
      clock: {
        now: () => 0,
        after(_delayMs, task) {
          const timer = setImmediate(task);
          return () => clearImmediate(timer);
        },
      },
    });
    const lease = { jobId: JOB, nodeId: NODE, attempt: 1, fencingToken: 7, fresh: true };
    return { desk, session, lease, credits };
  }

  it('begins at nothing for a lease that is new', async () => {
    const { desk, session, lease, credits } = open();
    await desk.opened(session, lease);
    expect(credits).toEqual([0]);
  });

  it('does not go back where a piece has come before its acknowledgement had its turn', async () => {
    const { desk, session, lease, credits } = open();
    const chunk = Buffer.from('a line\n');
    await desk.take(session, {
      ...{ jobId: uuidBytes(JOB), attempt: 1, fencingToken: 7, offset: 0, chunk },
    });
    await desk.opened(session, lease);
    expect(credits).toEqual([chunk.length, chunk.length]);
  });
});
