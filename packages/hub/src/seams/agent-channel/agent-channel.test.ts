import { KIND_NAMES } from '@stoa/protocol';
import { describe, expect, it } from 'vitest';
import { SSH_KINDS, sshChannel } from '../../bootstrap/index.ts';
import { sessionChannel } from '../../jobs/index.ts';
import { FirstThatCarries } from './first-that-carries.ts';

const asked: string[] = [];
const desk = (way: string) => ({
  submit: async (_viewer: unknown, { kind }: { kind: string }) => {
    asked.push(`${way} ${kind}`);
    return way === 'ssh' ? 'job' : { batchId: 'batch' };
  },
});
const reader = { list: async () => ({ jobs: [{ jobId: 'job' }] }) };
const channel = new FirstThatCarries([
  sessionChannel(desk('session') as never, reader as never),
  sshChannel(desk('ssh') as never),
]);
const viewer = {} as never;

describe('the way to a node', () => {
  it.each(KIND_NAMES)(
    '%s goes to the agent and never over SSH, whether its agent is there or not',
    (kind) => {
      expect(channel.wayOf(kind)).toBe('session');
    },
  );

  it.each(Object.keys(SSH_KINDS).filter((kind) => kind !== 'bootstrap'))('%s goes over SSH', async (kind) => {
    asked.length = 0;
    expect(await channel.run(viewer, { nodeId: 'ab', kind, params: {} })).toEqual({
      jobId: 'job',
      way: 'ssh',
    });
    expect(asked).toEqual([`ssh ${kind}`]);
  });

  it('takes a job to its agent', async () => {
    asked.length = 0;
    const work = { nodeId: 'ab', kind: 'system-probe', params: {} };
    expect(await channel.run(viewer, work)).toEqual({ jobId: 'job', way: 'session' });
    expect(asked).toEqual(['session system-probe']);
  });

  it('refuses what no way carries', async () => {
    const run = channel.run(viewer, { nodeId: 'ab', kind: 'shell', params: {} });
    await expect(run).rejects.toMatchObject({ code: 'unknown_kind', retry: false });
    expect(channel.wayOf('bootstrap')).toBeUndefined();
  });
});
