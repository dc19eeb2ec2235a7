import { CAPABILITY, LIMITS, type UpdateStatus } from '@stoa/protocol';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../clock.ts';
import type { UpdateSession } from './sender.ts';
import { StatusDesk } from './status-desk.ts';

/** Time passes when a test says so. */
class HandClock implements Clock {
  at = 1_000_000;
  #tasks: { readonly due: number; readonly task: () => void }[] = [];
  now(): number {
    return this.at;
  }
  after(delayMs: number, task: () => void): () => void {
    const entry = { due: this.at + delayMs, task };
    this.#tasks.push(entry);
    return () => {
      this.#tasks = this.#tasks.filter((one) => one !== entry);
    };
  }
  async pass(ms: number): Promise<void> {
    this.at += ms;
    for (const entry of this.#tasks.filter(({ due }) => due <= this.at)) {
      this.#tasks = this.#tasks.filter((one) => one !== entry);
      entry.task();
    }
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }
}

function world() {
  const clock = new HandClock();
  const taken: string[] = [];
  const told: string[] = [];
  const desk = new StatusDesk({
    clock,
    store: {
      take: async (all) => {
        taken.push(...all.map(({ status }) => status.detail));
        return [];
      },
    },
    sender: { tell: async (ids) => void told.push(...(ids ?? [])) },
    onSaid: () => undefined,
  });
  const session = (): UpdateSession => ({
    node: { nodeId: 'n' },
    facts: { capabilities: CAPABILITY.updates, quarantined: false },
    send: () => undefined,
  });
  const say = (by: UpdateSession, detail: string) => desk.updateStatus(by, { detail } as UpdateStatus);
  return { clock, taken, told, session, say };
}

describe('the desk of statuses', () => {
  it('tells a node what waits for it once a session, whatever it answers', async () => {
    const { clock, told, session, say } = world();
    const first = session();
    for (let i = 0; i < 10; i += 1) {
      const said = say(first, String(i));
      await clock.pass(100);
      await said;
    }
    expect(told).toEqual(['n']);
    const again = say(session(), 'anew');
    await clock.pass(100);
    await again;
    expect(told).toEqual(['n', 'n']);
  });

  it('hears of a session that says too much the newest word, once its minute is over', async () => {
    const { clock, taken, session, say } = world();
    const loud = session();
    const said = Array.from({ length: 500 }, (_, i) => say(loud, String(i)));
    await clock.pass(100);
    const most = LIMITS.updateStatusesPerMinute;
    expect(taken).toEqual(Array.from({ length: most }, (_, i) => String(i)));
    await clock.pass(60_000);
    await clock.pass(100);
    await Promise.all(said);
    expect(taken.slice(most)).toEqual(['499']);
  });
});
