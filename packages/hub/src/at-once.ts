/**
 * What `map` makes of each item, in the order of the items, with so many under way at a time. The first rejection is the
 * answer, and begins no more of them.
 */
export async function mapAtOnce<T, R>(
  items: readonly T[],
  most: number,
  map: (item: T, at: number) => Promise<R>,
): Promise<R[]> {
  const made: R[] = [];
  const left = items.entries();
  let failed = false;
  const lane = async () => {
    for (const [at, item] of left) {
      if (failed) return;
      try {
        made[at] = await map(item, at);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: most }, lane));
  return made;
}
