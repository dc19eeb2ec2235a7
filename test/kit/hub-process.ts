import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { MemoryDisk } from '@stoa/agent';
import { createLog, type DbAdapter, loadInstanceKey, openUrl, systemClock } from '@stoa/hub';
import { JoinTokens } from '@stoa/hub/nodes';
import { placeTemporary } from '@stoa/hub/seams/db-adapter/temporary';
import { formatCheckpoint } from '@stoa/protocol/chainweb';
import { nodeCrypto } from '@stoa/protocol/node';
import { serveSigner } from '@stoa/signer';
import type { SignerClient } from '@stoa/signer/client';
import { type SimulatedNetwork, type Simulator, startSimulator } from '../chainweb/index.ts';
import type { Registrar } from '../world/enrolment.ts';
import { hubProgram } from './hub-program.ts';
import { createRegion, type TestRegion } from './region.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { random } from './wire-agent.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

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
  readonly region: TestRegion;
  readonly #stack: AsyncDisposableStack;
  /** Taken by the first process and kept by those after it, as a configured one would be. */
  #port = 0;
  #process: HubProcess | undefined;

  private constructor(parts: {
    dataDir: string;
    chain: Simulator;
    region: TestRegion;
    stack: AsyncDisposableStack;
  }) {
    this.dataDir = parts.dataDir;
    this.chain = parts.chain;
    this.region = parts.region;
    this.#stack = parts.stack;
  }

  static async create(): Promise<HubHome> {
    await using stack = new AsyncDisposableStack();
    const { path: dataDir } = stack.use(await temporaryDirectory());
    // As root the database server runs under another account, which must be able to walk through.
    await chmod(dataDir, 0o711);
    await placeTemporary(join(dataDir, 'postgres'));
    const instanceKey = await loadInstanceKey(join(dataDir, 'instance.key'), { crypto: nodeCrypto, random });
    const region = stack.use(
      await createRegion({ clock: systemClock, random, instanceKey, disk: new MemoryDisk() }),
    );
    await mkdir(join(dataDir, 'signer'), { mode: 0o700 });
    const listening = { socketPath: join(dataDir, 'signer/signer.sock') };
    const server = await serveSigner(region.service, { listening, onError: () => undefined });
    stack.defer(() => server.close());
    const chain = await startSimulator({ clock: systemClock, history: 30 });
    stack.defer(() => chain.close());
    await writeFile(join(dataDir, 'checkpoint.json'), formatCheckpoint(chain.checkpoint));
    return new HubHome({ dataDir, chain, region, stack: stack.move() });
  }

  get signer(): SignerClient {
    return this.region.signer;
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
      REGION: this.region.name,
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
  registryOf({ sql }: Pick<DbAdapter, 'sql'>, origin: string = this.origin): Registrar {
    const by = { sql, clock: systemClock, random, crypto: nodeCrypto };
    const { name, rootFingerprint } = this.region;
    const hub = { origin, region: name, rootFingerprint };
    return { tokens: new JoinTokens({ ...by, hub }) };
  }

  /** A join token, while a hub serves on its embedded database. @param origin by which its host reaches the hub */
  async token(origin: string = this.origin): Promise<string> {
    await using database = await this.openDatabase();
    return await this.registryOf(database, origin).tokens.create({
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
  const child = spawn(process.execPath, [await hubProgram(), 'serve'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...env },
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
