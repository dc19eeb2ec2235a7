type Opened<T extends readonly Promise<AsyncDisposable>[]> = { -readonly [K in keyof T]: Awaited<T[K]> };

/** Waits for what is being opened side by side; the stack owns what opened, also where another of them failed. */
export async function allOpened<const T extends readonly Promise<AsyncDisposable>[]>(
  stack: AsyncDisposableStack,
  opening: T,
): Promise<Opened<T>> {
  const settled = await Promise.allSettled(opening);
  for (const result of settled) if (result.status === 'fulfilled') stack.use(result.value);
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
  return settled.map((result) => result.status === 'fulfilled' && result.value) as Opened<T>;
}
