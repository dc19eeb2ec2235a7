import { type AuditReport, auditReportKind, decodeAgentMessage, open } from '@stoa/protocol';
import { auditAnswer, hashText, type Payload } from '@stoa/protocol/chainweb';
import { nodeCrypto } from '@stoa/protocol/node';
import { beforeEach, describe, expect, it } from 'vitest';
import { Audits, type FetchPayload } from '#audit/audits.ts';
import { fetchPayload } from '#collectors/chainweb-payload.ts';
import type { Http, HttpRequest } from '#http.ts';
import { createLog } from '#log.ts';
import { VirtualClock } from '#virtual-clock.ts';

const key = nodeCrypto.signingKey(new Uint8Array(32).fill(3));
const nodeId = new Uint8Array(32).fill(9);
const nonce = new Uint8Array(16).fill(1);
const clock = new VirtualClock(0);
let reports: AuditReport[] = [];
let read: string[] = [];
let fetch: FetchPayload;

const payload = (height: number): Payload => ({
  minerData: Uint8Array.of(height),
  transactions: [],
  outputsHash: 'A'.repeat(43),
});
const ref = (height: number) => ({ chain: 3, height, hash: new Uint8Array(32).fill(height) });

function audits(): Audits {
  return new Audits({
    ...{ clock, nodeId, key: () => key, hash: nodeCrypto.hash, fetchPayload: (...asked) => fetch(...asked) },
    log: createLog({ clock, level: 'error', write: () => undefined }),
    send: ({ type, payload: sent }) => {
      const { sealed } = decodeAgentMessage(type, sent).value as { sealed: Uint8Array };
      reports.push(open(auditReportKind, sealed, nodeCrypto, key.publicKey));
    },
  });
}

describe('an audit', () => {
  beforeEach(() => {
    reports = [];
    read = [];
    fetch = async ({ height }) => {
      read.push(`begin ${height}`);
      await Promise.resolve();
      read.push(`end ${height}`);
      return payload(height);
    };
  });

  it('is answered from payloads that are read one after another, signed by the node', async () => {
    audits().challenged({ nonce, payloads: [ref(5), ref(6)] });
    await clock.advance(0);
    const answer = auditAnswer(nodeCrypto.hash, { nonce, nodeId, payloads: [payload(5), payload(6)] });
    expect(reports).toEqual([{ nonce, node: nodeId, outcome: 'answered', answer, tookMs: 0 }]);
    expect(read).toEqual(['begin 5', 'end 5', 'begin 6', 'end 6']);
  });

  it('says that it has none where its chainweb is down, pruned or too slow', async () => {
    fetch = () => Promise.reject(new Error('404'));
    audits().challenged({ nonce, payloads: [ref(5)] });
    await clock.advance(0);
    fetch = () => new Promise(() => undefined);
    audits().challenged({ nonce, payloads: [ref(5)] });
    await clock.advance(15_000);
    expect(reports.map(({ outcome }) => outcome)).toEqual(['unavailable', 'unavailable']);
  });

  it('is one at a time, and 48 a day', async () => {
    const some = audits();
    for (let i = 0; i < 60; i += 1) {
      some.challenged({ nonce, payloads: [] });
      if (i === 0) some.challenged({ nonce, payloads: [] });
      await clock.advance(0);
    }
    const refused = () => reports.filter(({ outcome }) => outcome === 'refused').length;
    expect([reports.length, refused()]).toEqual([61, 13]);
    await clock.advance(24 * 3_600_000);
    some.challenged({ nonce, payloads: [] });
    await clock.advance(0);
    expect(refused()).toBe(13);
  });

  it('is told to nobody once the session is over', async () => {
    const some = audits();
    fetch = () => new Promise(() => undefined);
    some.challenged({ nonce, payloads: [ref(1)] });
    some.lost();
    await clock.advance(20_000);
    expect(reports).toEqual([]);
  });

  it('asks this host’s chainweb for a small payload by its hash, and believes no other answer', async () => {
    const requests: HttpRequest[] = [];
    let body = JSON.stringify({ minerData: 'BQ', transactions: ['AQI'], outputsHash: 'A'.repeat(43) });
    const http = {
      request: async (request: HttpRequest) => {
        requests.push(request);
        return { status: body === '' ? 404 : 200, headers: {}, body: Buffer.from(body) };
      },
    } as unknown as Http;
    const node = { http, serviceUrl: 'http://n', network: 'stoa' };
    const { signal } = new AbortController();
    const { minerData, transactions, outputsHash } = await fetchPayload(node, ref(5), signal);
    expect({
      minerData: Uint8Array.from(minerData),
      transactions: transactions.map((each) => Uint8Array.from(each)),
      outputsHash,
    }).toEqual({
      ...payload(5),
      transactions: [Uint8Array.of(1, 2)],
    });
    const path = `/chainweb/0.0/stoa/chain/3/payload/${hashText(ref(5).hash)}?height=5`;
    expect(requests).toMatchObject([{ url: `http://n${path}`, maxBytes: 131_072, timeoutMs: 5_000 }]);
    for (const [wrong, error] of [
      ['', { code: 'chainweb_status' }],
      ['{', { name: 'SyntaxError' }],
      ['{}', { name: 'PayloadFormatError' }],
    ] as const) {
      body = wrong;
      await expect(fetchPayload(node, ref(5), signal)).rejects.toMatchObject(error);
    }
  });
});
