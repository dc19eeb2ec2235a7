import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LIMITS } from '@stoa/protocol';
import { makeParties } from '@stoa/protocol/fixtures';
import { describe, expect, it } from 'vitest';
import { LoopShare } from '../loop-share.ts';
import type { AgentSession } from './agent-session.ts';
import type { DispatchStore, LeasedJob, Room } from './dispatch-store.ts';
import { Dispatcher } from './dispatcher.ts';
import { WorkSessions } from './work-sessions.ts';

const parties = makeParties('a dispatcher');

/** A store in which every node has more work than room. */
function makeFleet() {
  let now = 0;
  let timers: { at: number; task: () => void }[] = [];
  const leased: LeasedJob[] = [];
  const sent: string[] = [];
  const fill = async (rooms: readonly Room[]) => {
    const jobs = rooms.flatMap(({ nodeId, free }) =>
      Array.from({ length: free }, (): LeasedJob => {
        const jobId = randomUUID();
        return {
          ...{ jobId, nodeId, batchId: jobId, kind: 'system-probe', params: '', idempotencyKey: jobId },
          ...{ attempt: 1, fencingToken: 1, maxAttempts: 1, deadline: new Date(0), orderId: null },
        };
      }),
    );
    leased.push(...jobs);
    return jobs;
  };
  const dispatcher = new Dispatcher({
    sessions: new WorkSessions(),
    store: { read: fill, mutating: async () => [] } as unknown as DispatchStore,
    orders: { carriedFor: async () => new Map() },
    party: () => ({ key: parties.keys.instance, chain: parties.chain }),
    ...{ instance: 'hub-1', generation: 1, share: () => 1, loop: new LoopShare() },
    clock: {
      now: () => now,
      after(delayMs, task) {
        const timer = { at: now + delayMs, task };
        timers.push(timer);
        return () => (timers = timers.filter((each) => each !== timer));
      },
    },
    onLeased: () => undefined,
    onError: (error) => {
      throw error;
    },
  });
  const join = (number: number): void => {
    const nodeId = number.toString(16).padStart(64, '0');
    const agent: AgentSession = {
      node: { nodeId, owner: 'ann@x.example', site: '' },
      facts: { epoch: 1, quarantined: false },
      send: () => undefined,
      sendEncoded: () => void sent.push(nodeId),
    };
    dispatcher.asked(agent, { mutating: 1, read: 8, receivedMutating: 0, receivedRead: 0 });
  };
  /** Lets time pass, and what is done in it be done. */
  const pass = async (ms: number): Promise<void> => {
    const end = now + ms;
    for (;;) {
      // A turn for each share of the loop that a batch of a thousand frames takes.
      for (let turn = 0; turn < 200; turn += 1) await nextTurn();
      const due = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      timers = timers.filter((each) => each !== due);
      now = Math.max(now, due.at);
      due.task();
    }
    now = end;
  };
  return { dispatcher, join, pass, leased, sent };
}

describe('leasing to a fleet', () => {
  it('has no more than a thousand leases wait, however many slots each node has', async () => {
    const { join, pass, leased, sent } = makeFleet();
    for (let number = 0; number < 300; number += 1) join(number);
    await pass(500);
    expect(sent.length).toBe(leased.length);
    expect(sent.length).toBeGreaterThan(800);
    expect(sent.length).toBeLessThanOrEqual(1_003);
  });

  it('fills all the room of a node, turn by turn', async () => {
    const { join, pass, sent } = makeFleet();
    join(1);
    await pass(500);
    expect(sent).toHaveLength(8);
  });

  it('is held up by nodes that acknowledge nothing for a part of the time that their leases live', async () => {
    const { join, pass, sent } = makeFleet();
    for (let number = 0; number < 126; number += 1) join(number);
    await pass(500);
    join(999);
    await pass(500);
    const other = (999).toString(16).padStart(64, '0');
    expect(sent).not.toContain(other);
    await pass(LIMITS.jobAckMs / 2 - 1_000);
    expect(sent).toContain(other);
  });
});
