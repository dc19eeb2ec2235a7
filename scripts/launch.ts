import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
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
} from '@stoa/hub';
import type { Random } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { connectSigner, initDevelopmentSigner, startSigner } from '@stoa/signer/client';
import { startWorld } from '../test/world.ts';
import { type LocalAgent, startLocalAgent } from './local-agent.ts';
import { type RealChain, realChain, simulatedChain } from './local-chain.ts';

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
  readonly env: NodeJS.ProcessEnv;
  readonly random: Random;
  readonly log: Log;
}

export interface Launched extends AsyncDisposable {
  readonly hub: Hub;
  readonly agent: LocalAgent;
  /** Absent once an admin has signed in. */
  readonly loginLink: string | undefined;
  /** Rejects when a part ends that should not have. */
  readonly broken: Promise<never>;
}

export const LOCAL_REGION = 'local';
const INSTANCE = 'hub-1';
const OWNER = 'admin@localhost';

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
  const database = await openDatabase(options, broken.reject);
  stack.defer(() => database.close());
  await database.migrate();
  const key = await loadInstanceKey(join(dataDir, 'instance.key'), { crypto: nodeCrypto, random });
  const signerDir = join(dataDir, 'signer');
  await initDevelopmentSigner({
    dir: signerDir,
    region: LOCAL_REGION,
    instances: [{ instance: INSTANCE, publicKey: key.publicKey }],
  });
  const signer = await startSigner({
    dir: signerDir,
    socketPath: join(signerDir, 'signer.sock'),
    onExit: (reason) => broken.reject(new Error(`the signer ended: ${reason}`)),
  });
  stack.defer(() => signer.stop());
  const chain = stack.use(
    options.chain === undefined ? await simulatedChain() : await realChain(options.chain),
  );
  const hub = stack.use(
    await openHub({
      config: loadConfig({
        HOST: options.host,
        PORT: String(options.port),
        DATA_DIR: dataDir,
        REGION: LOCAL_REGION,
        INSTANCE,
        CHAINWEB_NETWORK: chain.network,
        CHAINWEB_URL: chain.serviceUrl,
      }),
      version: '0.1.0',
      database,
      signer: connectSigner({ socketPath: signer.socketPath }),
      key,
      identityCache: new PrivateFile(join(dataDir, 'instance.chain')),
      checkpoint: chain.checkpoint,
      clock: systemClock,
      random,
      crypto: nodeCrypto,
      fetch,
      log,
    }),
  );
  const agent = stack.use(await startLocalAgent(hub, chain, { dataDir, owner: OWNER, env: options.env }));
  void agent.ended.then((how) => broken.reject(new Error(`the local agent ended: ${how}`)));
  if (chain.simulated !== undefined && options.neighbours > 0)
    stack.use(
      await startWorld({ hub, database, network: chain.simulated, nodes: options.neighbours, random }),
    );
  const loginLink = await hub.web.accounts.firstLoginLink({ publicUrl: hub.url.origin });
  const owned = stack.move();
  return { hub, agent, loginLink, broken: broken.promise, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function openDatabase(options: LaunchOptions, onServerExit: (error: Error) => void): Promise<DbAdapter> {
  const { databaseUrl, dataDir, log } = options;
  return databaseUrl === undefined
    ? openEmbedded({ dataDir: join(dataDir, 'postgres'), log, onServerExit })
    : openUrl({ url: databaseUrl, log });
}
