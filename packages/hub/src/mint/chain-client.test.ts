import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { requestKey } from '@stoa/protocol/mint';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KadenaNode } from './chain-client.ts';

interface Asked {
  readonly url: string;
  readonly body: Record<string, unknown>;
}

let server: Server;
let asked: Asked[];
let answer: { status: number; body: unknown };
let node: KadenaNode;

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push({ url: request.url!, body: JSON.parse(body) as Asked['body'] });
      const told = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(told);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  node = new KadenaNode({ url: new URL(`http://127.0.0.1:${port}`), network: 'stoa' });
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const API = '/chainweb/0.0/stoa/chain/3/pact/api/v1';
const place = { blockHeight: 40, blockTime: 1_795_672_890_000_000, blockHash: 'b', prevBlockHash: 'p' };
const cmd = JSON.stringify({ meta: { chainId: '3' }, networkId: 'stoa' });
const command = { cmd, hash: requestKey(cmd), sigs: [{ sig: '00' }] };

describe('a node of the network', () => {
  it('is read at a depth, as of one block', async () => {
    answer = { status: 200, body: { result: { status: 'success', data: { int: 7 } }, metaData: place } };
    expect(await node.read(3, '(f)', 6)).toEqual({ data: { int: 7 }, height: 40, blockTime: 1_795_672_890 });
    const [{ url, body }] = asked as [Asked];
    expect(url).toBe(`${API}/local?rewindDepth=6&preflight=false&signatureVerification=false`);
    expect(body['hash']).toBe(requestKey(body['cmd'] as string));
    answer.body = { result: { status: 'failure', error: { message: 'no such row' } }, metaData: place };
    await expect(node.read(3, '(f)', 0)).rejects.toMatchObject({
      name: 'ReadRefused',
      message: 'no such row',
    });
  });

  it('says what would become of a command that nobody signed yet', async () => {
    const told = (result: unknown) => ({
      status: 200,
      body: { preflightResult: { gas: 572, result, metaData: place }, preflightWarnings: [] },
    });
    answer = told({ status: 'success', data: 'ok' });
    expect(await node.preflight(3, cmd)).toEqual({ gas: 572, failure: undefined });
    const [{ url, body }] = asked as [Asked];
    expect(url).toBe(`${API}/local?preflight=true&signatureVerification=false`);
    expect(body).toEqual({ cmd, hash: requestKey(cmd), sigs: [{ sig: '' }] });
    answer = told({ status: 'failure', error: { message: 'epoch is closed' } });
    expect(await node.preflight(3, cmd)).toEqual({ gas: 572, failure: 'epoch is closed' });
    answer = { status: 400, body: 'Metadata validation failed: ["Tx time outside of valid range"]' };
    await expect(node.preflight(3, cmd)).rejects.toThrow('Tx time outside of valid range');
  });

  it('says of request keys what it found, as deep as it is asked for; a bad list is in no block', async () => {
    const failure = { status: 'failure', error: { message: 'why' } };
    answer = {
      status: 200,
      body: {
        a: { reqKey: 'a', gas: 9, result: { status: 'success', data: 'ok' }, metaData: place },
        b: { reqKey: 'b', gas: 99, result: failure, metaData: place },
        c: { reqKey: 'c', gas: 0, result: failure, metaData: null },
      },
    };
    const found = await node.results(3, ['a', 'b', 'c', 'd'], 6);
    expect(asked[0]).toMatchObject({
      url: `${API}/poll?confirmationDepth=6`,
      body: { requestKeys: ['a', 'b', 'c', 'd'] },
    });
    expect([...found]).toEqual([
      ['a', { status: 'applied', message: '', block: { height: 40, hash: 'b', gas: 9 } }],
      ['b', { status: 'failed', message: 'why', block: { height: 40, hash: 'b', gas: 99 } }],
      ['c', { status: 'badlisted', message: 'why', block: undefined }],
    ]);
    expect([...(await node.results(3, ['d', 'b'], 6)).keys()]).toEqual(['b']);
    expect(await node.results(3, [], 0)).toEqual(new Map());
  });

  it('has what it takes and what it had; any other word is a refusal', async () => {
    answer = { status: 200, body: { requestKeys: [command.hash] } };
    await node.send(3, command);
    expect(asked[0]).toEqual({ url: `${API}/send`, body: { cmds: [command] } });
    answer = { status: 400, body: 'Transaction already exists on chain' };
    await node.send(3, command);
    answer = { status: 400, body: 'Transaction is badlisted' };
    await expect(node.send(3, command)).rejects.toThrow('badlisted');
  });

  it('that serves another network is named, and what answers with no JSON or other JSON is no answer', async () => {
    answer = { status: 404, body: '' };
    await expect(node.read(3, '(f)', 0)).rejects.toThrow('network id mismatch');
    answer = { status: 200, body: '{"result":' };
    await expect(node.read(3, '(f)', 0)).rejects.toThrow();
    answer = { status: 200, body: { result: { status: 'success', data: 1 }, metaData: null } };
    await expect(node.read(3, '(f)', 0)).rejects.toThrow();
    for (const wrong of [
      { blockHeight: 9e15 },
      { blockHeight: 4.5 },
      { blockTime: -1 },
      { blockTime: 1e300 },
    ]) {
      answer.body = { result: { status: 'success', data: 1 }, metaData: { ...place, ...wrong } };
      await expect(node.read(3, '(f)', 0), JSON.stringify(wrong)).rejects.toThrow();
    }
  });
});
