import { fromBase64Url } from '@stoa/protocol';

/** Asked at once. */
const AT_ONCE = 8;

/**
 * The roots that this hub published of some hours, as it signed them: `signedReceiptRoot`, encoded. The same for everybody, so
 * nothing is told by asking but which hours are looked at.
 * @returns undefined where the hub could not be asked: the page may stand on a machine without a network.
 */
export async function publishedRoots(hubHours: readonly number[]): Promise<Uint8Array[] | undefined> {
  try {
    const roots: Uint8Array[] = [];
    for (let from = 0; from < hubHours.length; from += AT_ONCE)
      roots.push(...(await Promise.all(hubHours.slice(from, from + AT_ONCE).map(rootsOf))).flat());
    return roots;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return undefined;
    throw error;
  }
}

async function rootsOf(hubHour: number): Promise<Uint8Array[]> {
  const answer = await fetch(`/explorer/receipts/${hubHour}.json`, {
    headers: { accept: 'application/json' },
  });
  if (!answer.ok) return [];
  const { roots } = (await answer.json()) as { roots: readonly { signed: string }[] };
  return roots.map(({ signed }) => fromBase64Url(signed));
}
