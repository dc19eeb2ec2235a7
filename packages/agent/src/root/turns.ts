import { RefusalError } from '#root/refusal.ts';

interface Turn {
  /** Aborted with the agent's going, or by what puts back. */
  readonly ending: AbortSignal;
  readonly end: (reason: Error) => void;
  readonly over: Promise<void>;
}

/**
 * One step of a node at a time, since its state is read and written. A step that is on its way out is waited for. What
 * puts back ends the one that runs, and waits: it must not be refused because a cancelled step is not quite gone.
 */
export class Turns {
  readonly #running = new Map<string, Turn>();

  /**
   * @param gone Aborts when whoever asks has hung up.
   * @param task Gets the signal that ends it, which it may not heed.
   * @throws RefusalError `root_busy`
   */
  async take<T>(
    node: string,
    { gone, putsBack }: { gone: AbortSignal; putsBack: boolean },
    task: (ending: AbortSignal) => Promise<T>,
  ): Promise<T> {
    for (let one = this.#running.get(node); one !== undefined; one = this.#running.get(node)) {
      if (putsBack) one.end(new Error('its job puts back what it has done'));
      else if (!one.ending.aborted) throw new RefusalError('root_busy', 'another step is running');
      await one.over;
    }
    const ended = new AbortController();
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const ending = AbortSignal.any([gone, ended.signal]);
    this.#running.set(node, { ending, end: (reason) => ended.abort(reason), over });
    try {
      return await task(ending);
    } finally {
      this.#running.delete(node);
      resolve();
    }
  }
}
