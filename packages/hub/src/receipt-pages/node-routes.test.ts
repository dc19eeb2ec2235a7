import { makeEvidence, makeParties, NOW } from '@stoa/protocol/fixtures';
import { readEvidenceFile } from '@stoa/protocol/stoicism';
import { Hono } from 'hono';
import { beforeEach, describe, expect, it } from 'vitest';
import { someViewer } from '#accounts/viewer.fixture.ts';
import { Liveness, type NodeDetail } from '#nodes/index.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import { RateLimit } from '../rate-limit.ts';
import { nodeReceiptRoutes } from './node-routes.tsx';

const HOUR = 490_000;
const NODE = 'ab'.repeat(32);
const [ANN, BOB] = ['ann@x.example', 'bob@x.example'];
const { file } = makeEvidence(makeParties('node routes'), { hours: 1 });

describe('receipts of a node', () => {
  let app: HubApp;
  let asking = ANN;
  let now: number;
  let signals: AbortSignal[];
  beforeEach(() => {
    now = NOW;
    signals = [];
    const clock = { now: () => now };
    app = new Hono<HttpEnv>();
    app.onError((error, c) => c.text(error.message, toHttpError(error).status));
    nodeReceiptRoutes({
      receipts: { of: async () => [], roots: async () => [] },
      evidence: {
        ownedSince: async () => HOUR,
        read: async (_, _span, left) => {
          signals.push(left);
          return left.aborted ? undefined : file;
        },
      },
      downloads: new RateLimit({ clock, perKey: 2, inAll: 9 }),
      listing: { find: async () => ({ nodeId: NODE }) as NodeDetail },
      liveness: new Liveness({ clock }),
      guard: async (c, next) => {
        c.set('viewer', someViewer(asking, 'operator'));
        await next();
      },
    }).mount(app);
  });
  const get = (span: string, signal = new AbortController().signal) =>
    app.request(`/nodes/${NODE}/receipts/${span}`, { signal });

  it('are a file, so many times a minute and person', async () => {
    const ask = async () => (await get('2026-11-26.json')).status;
    expect(readEvidenceFile(await (await get(`${HOUR}.json`)).text())).toEqual(file);
    expect([await ask(), await ask()]).toEqual([200, 429]);
    asking = BOB;
    expect(await ask()).toBe(200);
    asking = ANN;
    now += 60_000;
    expect(await ask()).toBe(200);
  });

  it('are not read on for who has left', async () => {
    const answer = await get(`${HOUR}.json`, AbortSignal.abort());
    expect([answer.status, signals.map(({ aborted }) => aborted)]).toEqual([204, [true]]);
  });

  it('of hours before the node was its owner’s are not there', async () => {
    expect((await get(`${HOUR - 1}`)).status).toBe(404);
  });
});
