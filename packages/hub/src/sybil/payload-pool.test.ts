import {
  createGenesis,
  encodeHeaderText,
  type Header,
  hashText,
  headerHash,
  type Payload,
  payloadHash,
  simulatedNetwork,
} from '@stoa/protocol/chainweb';
import { seededRandom } from '@stoa/protocol/fixtures';
import { beforeEach, describe, expect, it } from 'vitest';
import { PayloadPool } from './payload-pool.ts';

const outputsHash = hashText(new Uint8Array(32));
const payloadAt = (height: number): Payload => ({
  ...{ minerData: Buffer.from(`miner ${height}`), transactions: [Buffer.from('tx')], outputsHash },
});
const genesis = createGenesis(simulatedNetwork, {
  ...{ creationTime: 1n, target: 1n, payloadHash: () => outputsHash },
});

/** No header of a chain that anybody mined: what the pool holds a node's answers against are their hashes. */
function headerAt(chain: number, height: number): Header {
  const fields = { ...genesis[chain]!, height, payloadHash: payloadHash(payloadAt(height)) };
  return { ...fields, hash: headerHash(fields) };
}

describe('payloads that nodes are asked for', () => {
  let requests: { url: string; body?: string }[];
  let change: (header: Header) => Header;
  let payloadOf: (height: number) => Payload;
  let headHeight: number;

  beforeEach(() => {
    requests = [];
    headHeight = 100_000;
    change = (header) => header;
    payloadOf = payloadAt;
  });

  function pool(node: string | undefined = 'http://node:1848/'): PayloadPool {
    let height = 0;
    return new PayloadPool({
      node: node === '' ? undefined : new URL(node),
      set: {
        network: simulatedNetwork,
        head: (chain) => ({ ...genesis[chain]!, height: headHeight, hash: outputsHash }),
      },
      random: seededRandom('pool'),
      fetch: async (url, init) => {
        requests.push({ url, ...(init?.body === undefined ? {} : { body: init.body }) });
        const { pathname, searchParams } = new URL(url);
        const chain = Number(pathname.split('/')[5]);
        if (pathname.endsWith('/branch')) {
          height = Number(searchParams.get('minheight'));
          return Response.json({ items: [encodeHeaderText(change(headerAt(chain, height)))], next: null });
        }
        const { minerData, transactions } = payloadOf(height);
        const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
        return Response.json([
          { minerData: text(minerData), transactions: transactions.map(text), outputsHash },
        ]);
      },
    });
  }

  it('are of random old heights under the verified head, and hash to what their headers name', async () => {
    const some = pool();
    await some.refresh();
    expect(some.size).toBe(16);
    expect(some.draw(17)).toBeUndefined();
    const drawn = some.draw(16)!;
    expect(new Set(drawn.map(({ ref }) => `${ref.chain} ${ref.height}`)).size).toBe(16);
    for (const { ref, payload } of drawn) {
      expect(hashText(ref.hash)).toBe(payloadHash(payload));
      expect(ref.height).toBeLessThanOrEqual(headHeight - 480);
    }
    expect(JSON.parse(requests[0]!.body!)).toEqual({ upper: [outputsHash], lower: [] });
    for (let i = 0; i < 20; i += 1) await some.refresh();
    expect(some.size).toBe(256);
  });

  it('are none where the hub has no chainweb of its own, or the chain is young', async () => {
    await pool('').refresh();
    headHeight = 480;
    const some = pool();
    await some.refresh();
    expect([some.size, requests]).toEqual([0, []]);
  });

  it.each([
    ['a header of another height', () => (change = (header) => ({ ...header, height: header.height + 1 }))],
    ['a header that is not its hash', () => (change = (header) => ({ ...header, nonce: 9n }))],
  ])('are not taken from a node that tells %s', async (_what, lie) => {
    lie();
    const some = pool();
    await expect(some.refresh()).rejects.toMatchObject({ code: 'payloads_unreached' });
    expect(some.size).toBe(0);
  });

  it('are left where they hash to something else than the header names, or are large', async () => {
    const some = pool();
    payloadOf = (height) => payloadAt(height + 1);
    await some.refresh();
    payloadOf = (height) => ({ ...payloadAt(height), transactions: [new Uint8Array(60_000)] });
    await some.refresh();
    expect(some.size).toBe(0);
  });
});
