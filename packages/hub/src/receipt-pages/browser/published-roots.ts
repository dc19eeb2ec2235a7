import { fromBase64Url } from '@stoa/protocol';

/** More than this is a month: whoever verifies that much compares the roots by program. */
const MOST_HOURS = 48;

/**
 * The roots that this hub published of some hours, as it signed them: `signedReceiptRoot`, encoded. The same for everybody, so
 * nothing is told by asking but which hours are looked at.
 * @returns undefined where the hub could not be asked: the page may stand on a machine without a network.
 */
export async function publishedRoots(hubHours: readonly number[]): Promise<Uint8Array[] | undefined> {
  try {
    const answers = await Promise.all(hubHours.slice(-MOST_HOURS).map(rootsOf));
    return answers.flat();
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
