/** §16.4: probes of a routine sweep that are under way at once. */
const ROUTINE_AT_ONCE = 8;

/** Goes over many nodes, eight at once. A sweep that is asked for while one is under way is left out, not doubled. */
export class RoutineSweep {
  #underWay = false;

  /**
   * @returns false where it was left out. Rejections are for `probe` to handle.
   * @param stop begins no more of them.
   */
  async over<T>(
    items: readonly T[],
    probe: (item: T) => Promise<void>,
    stop?: AbortSignal,
  ): Promise<boolean> {
    if (this.#underWay) return false;
    this.#underWay = true;
    try {
      const left = items.values();
      const lane = async () => {
        for (const item of left) {
          if (stop?.aborted) return;
          await probe(item);
        }
      };
      await Promise.all(Array.from({ length: ROUTINE_AT_ONCE }, lane));
      return true;
    } finally {
      this.#underWay = false;
    }
  }
}
