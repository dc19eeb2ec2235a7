import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createLog, type DbAdapter, loadInstanceKey, openUrl, systemClock } from '@stoa/hub';
import { JoinTokens, NodeRegistry } from '@stoa/hub/nodes';
import { fromHex } from '@stoa/protocol';
import { formatCheckpoint } from '@stoa/protocol/chainweb';
import { nodeCrypto } from '@stoa/protocol/node';
import { connectSigner, initDevelopmentSigner, type SignerClient, startSigner } from '@stoa/signer/client';
import { type SimulatedNetwork, type Simulator, startSimulator } from '../chainweb/index.ts';
import { random } from './wire-agent.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'packages/hub/src/main.ts');
const REGION = 'local';

export interface HubProcess {
  readonly pid: number;
  readonly origin: string;
  /** How it ended: exit code, or signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
  output(): string;
  kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

/** What a hub process lives on, and what outlives it: data directory, signer, chain. */
export class HubHome implements AsyncDisposable {
  readonly dataDir: string;
  readonly chain: Simulator;
  readonly signer: SignerClient;
  readonly #rootFingerprint: Uint8Array;
  readonly #stack: AsyncDisposableStack;
  /** Taken by the first process and kept by those after it, as a configured one would be. */
  #port = 0;
  #process: HubProcess | undefined;

  private constructor(parts: {
    dataDir: string;
    chain: Simulator;
    signer: SignerClient;
    rootFingerprint: Uint8Array;
    stack: AsyncDisposableStack;
  }) {
    this.dataDir = parts.dataDir;
    this.chain = parts.chain;
    this.signer = parts.signer;
    this.#rootFingerprint = parts.rootFingerprint;
    this.#stack = parts.stack;
  }

  static async create(): Promise<HubHome> {
    await using stack = new AsyncDisposableStack();
    const dataDir = await mkdtemp(join(tmpdir(), 'stoa-home-'));
    stack.defer(() => rm(dataDir, { recursive: true, force: true }));
    // As root the database server runs under another account, which must be able to walk through.
    await chmod(dataDir, 0o711);
    const key = await loadInstanceKey(join(dataDir, 'instance.key'), { crypto: nodeCrypto, random });
    const dir = join(dataDir, 'signer');
    const instances = [{ instance: 'hub-1', publicKey: key.publicKey }];
    const ceremony = await initDevelopmentSigner({ dir, region: REGION, instances });
    const process = await startSigner({ dir, socketPath: join(dir, 'signer.sock') });
    stack.defer(() => process.stop());
    const signer = connectSigner({ socketPath: process.socketPath });
    stack.defer(() => signer.close());
    const chain = await startSimulator({ clock: systemClock, history: 30 });
    stack.defer(() => chain.close());
    await writeFile(join(dataDir, 'checkpoint.json'), formatCheckpoint(chain.checkpoint));
    const rootFingerprint = fromHex(ceremony.rootFingerprint);
    return new HubHome({ dataDir, chain, signer, rootFingerprint, stack: stack.move() });
  }

  get network(): SimulatedNetwork {
    return this.chain.network;
  }

  get origin(): string {
    if (this.#port === 0) throw new Error('no hub has served here yet');
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts `stoa-hub serve`; resolves once it names its console, rejects with what it said where it ends instead. */
  async serve(env: Readonly<Record<string, string>> = {}): Promise<HubProcess> {
    const process = await startHub({
      DATA_DIR: this.dataDir,
      PORT: String(this.#port),
      CHAINWEB_NETWORK: this.network.network.name,
      CHAINWEB_CHECKPOINT: join(this.dataDir, 'checkpoint.json'),
      CHAINWEB_URL: this.chain.serviceUrl,
      LOG_LEVEL: 'warn',
      ...env,
    });
    this.#port = Number(new URL(process.origin).port);
    this.#process = process;
    return process;
  }

  /** The database of a serving hub, from outside. */
  openDatabase(url?: string): Promise<DbAdapter> {
    const embedded = `postgres://stoa@localhost/stoa?host=${join(this.dataDir, 'postgres/run')}`;
    return openUrl({ url: url ?? embedded, log: createLog({ level: 'error' }) });
  }

  /** What a hub in this process would have at hand to enrol nodes. */
  registryOf(database: Pick<DbAdapter, 'sql'>): { url: URL; tokens: JoinTokens; registry: NodeRegistry } {
    const by = { sql: database.sql, clock: systemClock, random, crypto: nodeCrypto };
    const hub = { origin: this.origin, region: REGION, rootFingerprint: this.#rootFingerprint };
    return {
      url: new URL(this.origin),
      tokens: new JoinTokens({ ...by, hub }),
      registry: new NodeRegistry(by),
    };
  }

  /** A join token, while a hub serves on its embedded database. */
  async token(): Promise<string> {
    await using database = await this.openDatabase();
    return await this.registryOf(database).tokens.create({
      owner: 'a@example.org',
      createdBy: 'test',
      label: 'node',
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.kill('SIGTERM');
    await this.#stack.disposeAsync();
  }
}

async function startHub(env: Readonly<Record<string, string>>): Promise<HubProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, 'serve'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], TSX_TSCONFIG_PATH: join(ROOT, 'packages/hub/tsconfig.json'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const ended = once(child, 'exit').then(([code, signal]): number | NodeJS.Signals => code ?? signal);
  const origin = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      const found = /^Console: (\S+)$/.exec(line)?.[1];
      if (found !== undefined) origin.resolve(found);
    });
  const output = () => lines.join('\n');
  void ended.then((end) => origin.reject(new Error(`the hub ended (${end}): ${output()}`)));
  return {
    pid: child.pid!,
    origin: await origin.promise,
    ended,
    output,
    kill(signal) {
      child.kill(signal);
      return ended;
    },
  };
}
