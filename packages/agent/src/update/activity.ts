/** What is done in one state of the machine; the next one ends it. */
export class Activity {
  #stop = new AbortController();

  /** @param task Told by its signal that it is not wanted any more; what it throws after that is discarded. */
  begin(task: (signal: AbortSignal) => Promise<void>, failed: (error: unknown) => void): void {
    this.end();
    const { signal } = this.#stop;
    task(signal).catch((error: unknown) => {
      if (!signal.aborted) failed(error);
    });
  }

  end(): void {
    this.#stop.abort(new Error('this state of the update is over'));
    this.#stop = new AbortController();
  }
}
