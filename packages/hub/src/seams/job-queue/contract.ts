import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Claim, JobQueue, QueuedWork, QueuePolicy } from './job-queue.ts';

const POLICY: QueuePolicy = {
  caps: { bootstrap: 2, 'key-reseat': 8, benchmark: 4 },
  leaseSeconds: 10,
  attempts: 3,
  pauseSeconds: 1,
};

/** What every back end must do. `open` gives another process's view of the same queue; `reset` an empty one. */
export function jobQueueContract(
  name: string,
  by: {
    open: (policy: QueuePolicy) => Promise<JobQueue>;
    reset: () => Promise<void>;
    /** Where the queue lives in a database of its own transactions. */
    sql?: () => Sql;
  },
): void {
  describe(`JobQueue contract: ${name}`, { timeout: 60_000 }, () => {
    let queue: JobQueue;
    let other: JobQueue;
    beforeEach(async () => {
      await by.reset();
      queue = await by.open(POLICY);
      other = await by.open(POLICY);
    });
    afterEach(async () => {
      await queue.close();
      await other.close();
    });
    const work = (more: Partial<QueuedWork> = {}): QueuedWork => ({
      ...{ id: randomUUID(), kind: 'key-reseat', lock: randomUUID() },
      ...more,
    });
    /** Due work may take a second or two to be given. */
    const claimed = async (from: JobQueue, most = 100): Promise<Claim> => {
      const found: Claim[] = [];
      await expect
        .poll(async () => found.push(...(await from.claim(most))) > 0, { timeout: 40_000, interval: 100 })
        .toBe(true);
      return found[0]!;
    };

    it('gives work to one process, with its kind, and nothing where there is none', async () => {
      const one = work();
      expect(await queue.claim(5)).toEqual([]);
      await queue.enqueue([one]);
      const claims = [...(await queue.claim(5)), ...(await other.claim(5))];
      expect(claims).toEqual([{ id: one.id, kind: 'key-reseat', attempt: 1, token: expect.any(String) }]);
      expect(await queue.complete(claims[0]!)).toBe(true);
      expect(await queue.complete(claims[0]!)).toBe(false);
      expect([await queue.claim(5), await queue.dead(5)]).toEqual([[], []]);
    });

    it('takes work of one id once while it waits or runs, and again after its end', async () => {
      const one = work();
      await Promise.all([queue.enqueue([one]), other.enqueue([one])]);
      const [claim, ...more] = await queue.claim(5);
      expect(more).toEqual([]);
      await other.enqueue([one]);
      expect(await other.claim(5)).toEqual([]);
      await queue.complete(claim!);
      await queue.enqueue([one]);
      expect(await other.claim(5)).toMatchObject([{ id: one.id, attempt: 1 }]);
    });

    it('gives a hundred pieces to two processes, each exactly once', async () => {
      const many = Array.from({ length: 100 }, () => work());
      await queue.enqueue(many);
      const taken: string[] = [];
      await expect
        .poll(
          async () => {
            const both = await Promise.all([queue.claim(3), other.claim(3)]);
            await Promise.all([
              ...both[0].map((claim) => queue.complete(claim)),
              ...both[1].map((claim) => other.complete(claim)),
            ]);
            taken.push(...both.flat().map(({ id }) => id));
            return taken.length;
          },
          { timeout: 30_000, interval: 1 },
        )
        .toBe(100);
      expect(taken.sort()).toEqual(many.map(({ id }) => id).sort());
    });

    it('runs one piece of a lock at a time, whatever its kind', async () => {
      const lock = randomUUID();
      const [one, two] = [work({ lock }), work({ lock, kind: 'benchmark' })];
      await queue.enqueue([one, two]);
      const claims = [...(await queue.claim(5)), ...(await other.claim(5))];
      expect(claims).toHaveLength(1);
      await queue.complete(claims[0]!);
      const next = await claimed(queue);
      expect([claims[0]!.id, next.id].sort()).toEqual([one.id, two.id].sort());
    });

    it('keeps each kind below its cap over all processes, and others go on', async () => {
      await queue.enqueue([
        ...Array.from({ length: 5 }, () => work({ kind: 'bootstrap' })),
        ...Array.from({ length: 20 }, () => work({ kind: 'key-reseat' })),
      ]);
      const rounds = await Promise.all([queue.claim(20), other.claim(20), queue.claim(20), other.claim(20)]);
      const more = [...(await queue.claim(32)), ...(await other.claim(32))];
      const kinds = [...rounds.flat(), ...more].map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'bootstrap')).toHaveLength(2);
      expect(kinds.filter((kind) => kind === 'key-reseat')).toHaveLength(8);
    });

    it('gives work not before its time', async () => {
      const due = Date.now() + 1_500;
      const one = work({ notBefore: new Date(due) });
      await queue.enqueue([one]);
      expect(await queue.claim(5)).toEqual([]);
      expect((await claimed(other)).id).toBe(one.id);
      expect(Date.now()).toBeGreaterThanOrEqual(due - 1_000);
    });

    it('tries what failed again after a pause, and lays it by dead when its attempts are used up', async () => {
      const one = work();
      await queue.enqueue([one]);
      for (const attempt of [1, 2, 3]) {
        const claim = await claimed(attempt === 2 ? other : queue);
        expect(claim).toMatchObject({ id: one.id, attempt });
        expect(await (attempt === 2 ? other : queue).fail(claim, `no route ${attempt}`)).toBe(true);
        expect(await queue.claim(5)).toEqual([]);
      }
      expect(await queue.dead(10)).toEqual([{ id: one.id, kind: 'key-reseat', why: 'no route 3' }]);
      await queue.enqueue([one]);
      expect(await queue.claim(5)).toEqual([]);
    });

    it('forgets what is dead, and nothing else: it can be queued again', async () => {
      const [one, two, alive] = [work(), work(), work()];
      await queue.enqueue([one, two]);
      for (const claim of await kill(queue, 2)) expect([one.id, two.id]).toContain(claim);
      await queue.enqueue([alive]);
      expect(await queue.discard(alive.id)).toBe(false);
      expect(await queue.discard(randomUUID())).toBe(false);
      for (const { id } of [one, two]) expect(await other.discard(id)).toBe(true);
      expect(await queue.dead(10)).toEqual([]);
      await other.enqueue([one]);
      const ids = (await queue.claim(5)).map(({ id, attempt }) => ({ id, attempt }));
      expect(ids).toEqual(
        expect.arrayContaining([
          { id: one.id, attempt: 1 },
          { id: alive.id, attempt: 1 },
        ]),
      );
      expect(ids).toHaveLength(2);
    });

    it('gives work again whose lease ran out; the late holder is told, and changes nothing (F22)', async () => {
      const one = work();
      await queue.enqueue([one]);
      const late = await claimed(queue);
      const second = await claimed(other);
      expect(second).toMatchObject({ id: one.id, attempt: 2 });
      expect(await queue.heartbeat(late)).toBe(false);
      expect(await queue.complete(late)).toBe(false);
      expect(await queue.fail(late, 'late')).toBe(false);
      expect(await other.heartbeat(second)).toBe(true);
      expect(await other.complete(second)).toBe(true);
    });

    it('lets a holder keep its lease by heartbeats', { timeout: 90_000 }, async () => {
      const one = work();
      await queue.enqueue([one]);
      const claim = await claimed(queue);
      const taken: Claim[] = [];
      const end = Date.now() + POLICY.leaseSeconds * 1_600;
      await expect
        .poll(
          async () => {
            expect(await queue.heartbeat(claim)).toBe(true);
            taken.push(...(await other.claim(5)));
            return Date.now() > end;
          },
          { timeout: 40_000, interval: 500 },
        )
        .toBe(true);
      expect(taken).toEqual([]);
      expect(await queue.complete(claim)).toBe(true);
    });

    it('refuses a kind that it has no cap for', async () => {
      await expect(queue.enqueue([work({ kind: 'mine' })])).rejects.toMatchObject({ code: 'unknown_kind' });
    });

    const { sql } = by;
    it.skipIf(sql === undefined)('queues exactly if the transaction of the caller commits', async () => {
      const [kept, undone] = [work(), work()];
      await sql!().begin((tx) => queue.enqueue([kept], tx));
      const failing = sql!().begin(async (tx) => {
        await queue.enqueue([undone], tx);
        throw new Error('undone');
      });
      await expect(failing).rejects.toThrow('undone');
      expect((await queue.claim(5)).map(({ id }) => id)).toEqual([kept.id]);
    });

    async function kill(from: JobQueue, count: number): Promise<readonly string[]> {
      await expect
        .poll(
          async () => {
            for (const claim of await from.claim(count)) await from.fail(claim, 'no');
            return (await from.dead(count)).length;
          },
          { timeout: 40_000, interval: 100 },
        )
        .toBe(count);
      return (await from.dead(count)).map(({ id }) => id);
    }
  });
}
