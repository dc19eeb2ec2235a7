import { fromBase64Url } from '@stoa/protocol';

export interface PublishedRoots {
  /** `signedReceiptRoot`, encoded. */
  readonly published: Uint8Array[];
  /** Hours of which this hub gave no answer: of these nothing is known. */
  readonly unanswered: ReadonlySet<number>;
}

/** As browsers have it. */
export type Ask = (path: string, init: { readonly headers: Record<string, string> }) => Promise<Response>;

/** Asked at once. */
const AT_ONCE = 8;

/**
 * The roots that this hub published of some hours, as it signed them. The same for everybody, so nothing is told by asking but
 * which hours are looked at. The page may stand on a machine without a network: then nothing is answered.
 */
export async function publishedRoots(hubHours: readonly number[], ask: Ask): Promise<PublishedRoots> {
  const published: Uint8Array[] = [];
  const unanswered = new Set<number>();
  for (let from = 0; from < hubHours.length; from += AT_ONCE) {
    const some = hubHours.slice(from, from + AT_ONCE);
    const answers = await Promise.all(some.map((hubHour) => rootsOf(hubHour, ask)));
    for (const [at, roots] of answers.entries())
      if (roots === undefined) unanswered.add(some[at]!);
      else published.push(...roots);
  }
  return { published, unanswered };
}

/** Undefined for whatever is no list of roots: a fault of the hub's must not look like an hour of which it published nothing. */
async function rootsOf(hubHour: number, ask: Ask): Promise<Uint8Array[] | undefined> {
  try {
    const answer = await ask(`/explorer/receipts/${hubHour}.json`, {
      headers: { accept: 'application/json' },
    });
    if (answer.status !== 200) return undefined;
    const { roots } = (await answer.json()) as { roots: readonly { signed: string }[] };
    return roots.map(({ signed }) => fromBase64Url(signed));
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError)
      return undefined;
    throw error;
  }
}
