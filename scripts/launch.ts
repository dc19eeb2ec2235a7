import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type DbAdapter,
  type Hub,
  type Log,
  loadConfig,
  loadInstanceKey,
  openEmbedded,
  openHub,
  openUrl,
  PrivateFile,
  systemClock,
  VERSION,
} from '@stoa/hub';
import type { Random, SigningKey } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { connectSigner, initDevelopmentSigner, startSigner } from '@stoa/signer/client';
import { startWorld, type World } from '../test/world.ts';
import { allOpened } from './all-opened.ts';
import { type LocalAgent, startLocalAgent } from './local-agent.ts';
import { type LocalChain, type RealChain, realChain, simulatedChain } from './local-chain.ts';

export interface LaunchOptions {
  readonly dataDir: string;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Any PostgreSQL >= 15; the embedded one where absent. */
  readonly databaseUrl: string | undefined;
  /** The simulator where absent. */
  readonly chain: RealChain | undefined;
  /** Simulated nodes beside the real one. */
  readonly neighbours: number;
  /** Of the agent's process. */
  readonly env: NodeJS.ProcessEnv;
  readonly random: Random;
  readonly log: Log;
}

export interface Launched extends AsyncDisposable {
  readonly hub: Hub;
  readonly agent: LocalAgent;
  /** Settles once the neighbours are enrolled; they join after that. Undefined where there are none. */
  readonly world: Promise<World> | undefined;
  /** Absent once an admin has signed in. */
  readonly loginLink: string | undefined;
  /** Rejects when a part ends that should not have. */
  readonly broken: Promise<never>;
}

const REGION = 'local';
const INSTANCE = 'hub-1';
const OWNER = 'admin@stoa.local';

/** The whole on one machine: signer, chain, hub, the real local agent, simulated neighbours. Stopped in the opposite order. */
export async function launch(options: LaunchOptions): Promise<Launched> {
  const { dataDir, log, random } = options;
  const broken = Promise.withResolvers<never>();
  // Observed by whoever awaits `broken`; a launch that fails early has nobody there yet.
  broken.promise.catch(() => undefined);
  await using stack = new AsyncDisposableStack();
  await mkdir(dataDir, { recursive: true });
  // As root the database server runs under another account, which must be able to walk into its directory.
  if (process.getuid?.() === 0) await chmod(dataDir, 0o711);
  const key = await loadInstanceKey(join(dataDir, 'instance.key'), { crypto: nodeCrypto, random });
  const [database, signer, chain] = await allOpened(stack, [
    openDatabase(options, broken.reject),
    openSigner(dataDir, key, broken.reject),
    options.chain === undefined ? simulatedChain() : realChain(options.chain),
  ]);
  const hub = stack.use(
    await openHub({
      config: hubConfig(options, chain),
      version: VERSION,
      database,
      signer: signer.client,
      key,
      identityCache: new PrivateFile(join(dataDir, 'instance.chain')),
      rollingCheckpoint: new PrivateFile(join(dataDir, 'rolling-checkpoint.json')),
      vaultKeys: new PrivateFile(join(dataDir, 'vault.key')),
      checkpoint: chain.checkpoint,
      clock: systemClock,
      random,
      crypto: nodeCrypto,
      fetch,
      log,
    }),
  );
  // The first heartbeat shall meet verified heads.
  void hub.tickers.run('reference-poller');
  const agent = stack.use(
    await startLocalAgent(hub, chain, {
      dataDir: join(dataDir, 'agent'),
      owner: OWNER,
      env: options.env,
      onLine: (line) => console.error(line),
    }),
  );
  void agent.ended.then((how) => broken.reject(new Error(`the local agent ended: ${how}`)));
  const world = neighbours(options, { hub, database, signer: signer.client, chain });
  if (world !== undefined) {
    world.catch(broken.reject);
    // A world that could not start has told so, and has nothing to close.
    stack.defer(() =>
      world.then(
        (started) => started.close(),
        () => undefined,
      ),
    );
  }
  const loginLink = await hub.web.accounts.firstLoginLink({ publicUrl: hub.url.origin });
  const owned = stack.move();
  return {
    hub,
    agent,
    world,
    loginLink,
    broken: broken.promise,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function openDatabase(
  { databaseUrl, dataDir, log }: LaunchOptions,
  onServerExit: (error: Error) => void,
): Promise<DbAdapter> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(
    databaseUrl === undefined
      ? await openEmbedded({ dataDir: join(dataDir, 'postgres'), log, onServerExit })
      : await openUrl({ url: databaseUrl, log }),
  );
  await database.migrate();
  stack.move();
  return database;
}

interface LocalSigner extends AsyncDisposable {
  readonly client: ReturnType<typeof connectSigner>;
}

async function openSigner(
  dataDir: string,
  key: SigningKey,
  broken: (error: Error) => void,
): Promise<LocalSigner> {
  const dir = join(dataDir, 'signer');
  const instances = [{ instance: INSTANCE, publicKey: key.publicKey }];
  await initDevelopmentSigner({ dir, region: REGION, instances });
  const signer = await startSigner({
    dir,
    socketPath: join(dir, 'signer.sock'),
    onExit: (reason) => broken(new Error(`the signer ended: ${reason}`)),
    // That of a start that was killed ends once it notices.
    patience: { ms: 5_000, now: () => performance.now(), pause },
  });
  return {
    client: connectSigner({ socketPath: signer.socketPath }),
    [Symbol.asyncDispose]: () => signer.stop(),
  };
}

function hubConfig({ host, port, dataDir }: LaunchOptions, { network, serviceUrl }: LocalChain) {
  return loadConfig({
    HOST: host,
    PORT: String(port),
    DATA_DIR: dataDir,
    REGION,
    INSTANCE,
    CHAINWEB_NETWORK: network,
    CHAINWEB_URL: serviceUrl,
    MAX_CONNECTIONS: '1000',
  });
}

function neighbours(
  { neighbours: nodes, random }: LaunchOptions,
  by: { hub: Hub; database: DbAdapter; signer: LocalSigner['client']; chain: LocalChain },
): Promise<World> | undefined {
  const { hub, database, signer, chain } = by;
  if (chain.simulated === undefined || nodes === 0) return undefined;
  return startWorld({ hub, database, signer, network: chain.simulated, nodes, random, mischief: true });
}
