import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { simulatedNetwork } from '@stoa/protocol/chainweb';
import { type BuildOptions, build } from 'esbuild';
import * as vitest from 'vitest';
import { temporaryDirectory } from '../../kit/temporary-directory.ts';
import { createNetwork, serveNode } from '../index.ts';

/*
 * The chain's own client brings a test of itself against a node: a transfer between two chains, with preflight, listen, poll,
 * proof and continuation. Here the simulator is that node. The test is read from the package each time, and rewritten at two
 * places: where the node listens, and what `vitest` is.
 */
const PACKAGE = new URL('../../../node_modules/@kadena/client/', import.meta.url).pathname;
const ENTRY = 'lib/integration-tests/crosschain-transaction.int.test.js';
const ITS_NODE = 'http://127.0.0.1:8080';
const SENDER = {
  pred: 'keys-all',
  keys: ['368820f80c324bbc7c2b0610688a7da43e39f91d118732671cd9c7500ff43cca'],
};

/** Instead of thirty seconds: the clock is the true one, by which the client dates its transactions. */
const BLOCK_MS = 500;

const network = createNetwork({
  ...{ seed: 1, clock: { now: Date.now }, history: 10, proven: false },
  network: { ...simulatedNetwork, name: 'development', blockDelayMs: BLOCK_MS },
});
network.accounts.open('sender00', SENDER, 100_000_000);
const node = await serveNode(network.addNode());
vitest.afterAll(() => node.close());

const directory = await temporaryDirectory();
vitest.afterAll(() => directory[Symbol.asyncDispose]());
const outfile = join(directory.path, 'judge.cjs');
await build({ ...bundling(outfile), entryPoints: [join(PACKAGE, ENTRY)] });
// One of its tests expects nothing but that nothing is thrown.
const it = (name: string, run: () => Promise<void>): void =>
  vitest.it(name, () => vitest.expect(run()).resolves.toBeUndefined());
Object.assign(globalThis, { [Symbol.for('judged by')]: { ...vitest, it } });
createRequire(import.meta.url)(outfile);

function bundling(to: string): BuildOptions {
  return {
    ...{ outfile: to, bundle: true, platform: 'node', format: 'cjs', logLevel: 'error' },
    plugins: [
      {
        name: 'rewrite',
        setup: (bundle) => {
          bundle.onResolve({ filter: /^vitest$/ }, () => ({ path: 'vitest', namespace: 'judge' }));
          bundle.onLoad({ filter: /.*/, namespace: 'judge' }, () => ({
            contents: "module.exports = globalThis[Symbol.for('judged by')]",
          }));
          bundle.onLoad({ filter: /integration-tests\/helpers\/client\.js$/ }, async ({ path }) => {
            return { contents: (await readFile(path, 'utf8')).replaceAll(ITS_NODE, node.serviceUrl) };
          });
        },
      },
    ],
  };
}
