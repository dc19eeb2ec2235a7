/** Handlers of work over SSH, cut off where a worker may end. */
import { randomUUID } from 'node:crypto';
import type { SshHandler } from '@stoa/hub/bootstrap';

class Cut extends Error {}

/** The same object, cut off before or after one of the calls that are made of it. */
function through<T extends object>(of: T, cutting: { calls: number; readonly at: number }): T {
  return new Proxy(of, {
    get(target, name) {
      const held = Reflect.get(target, name, target) as unknown;
      if (typeof held !== 'function') return held;
      return async (...given: unknown[]) => {
        cutting.calls += 1;
        const call = cutting.calls;
        if (2 * call - 1 === cutting.at) throw new Cut();
        const answer: unknown = await held.apply(target, given);
        if (2 * call === cutting.at) throw new Cut();
        return answer;
      };
    },
  });
}

/**
 * Runs a handler as a job of its own for each call that it makes of the hub or of the host, cut off before it and after it,
 * and then to its end.
 */
export function cutEverywhere(
  handler: SshHandler,
  { look, cuts }: { look: () => Promise<unknown>; cuts: number[] },
): SshHandler {
  return async (job, kit) => {
    for (let at = 1; at < 200; at += 1) {
      const cutting = { calls: 0, at };
      const pool = through(kit.pool, cutting);
      const vault = through(kit.vault, cutting);
      const access = through(kit.access, cutting);
      const tokens = through(kit.tokens, cutting);
      const own = { ...job, row: { ...job.row, jobId: randomUUID() } };
      try {
        return await handler(own, { ...kit, pool, vault, access, tokens });
      } catch (error) {
        if (!(error instanceof Cut)) throw error;
      }
      cuts.push(at);
      await look();
      await handler(own, kit);
      await look();
    }
    throw new Error('it never ends');
  };
}

/** Ends without a word where the handler comes to this step. */
export function cutAt(
  step: string,
  handler: SshHandler,
): (...given: Parameters<SshHandler>) => Promise<void> {
  return async (job, kit) => {
    const cut = async (name: string, progress: number) => {
      await job.step(name, progress);
      if (name === step) throw new Cut();
    };
    try {
      await handler({ ...job, step: cut }, kit);
    } catch (error) {
      if (error instanceof Cut) return;
      throw error;
    }
    throw new Error(`it never comes to '${step}'`);
  };
}

/**
 * Runs a handler as a job of its own for each step that it comes to, cut off there, again to its end, and at last without a
 * cut. @param by.afresh makes the host what it was before. @param by.look sees what the job came to.
 */
export function cutAtEachStep(
  handler: SshHandler,
  by: {
    afresh: (jobId: string) => Promise<unknown>;
    look: (jobId: string, report: Readonly<Record<string, unknown>>) => Promise<unknown>;
    cuts: string[];
  },
): SshHandler {
  return async (job, kit) => {
    for (let at = 1; at < 50; at += 1) {
      const own = { ...job, row: { ...job.row, jobId: randomUUID() } };
      let steps = 0;
      const step = async (name: string, progress: number) => {
        steps += 1;
        if (steps < at) return await job.step(name, progress);
        by.cuts.push(name);
        throw new Cut();
      };
      await by.afresh(own.row.jobId);
      try {
        return await handler({ ...own, step }, kit);
      } catch (error) {
        if (!(error instanceof Cut)) throw error;
      }
      await by.look(own.row.jobId, await handler(own, kit));
    }
    throw new Error('it never ends');
  };
}
