import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Clock,
  createLog,
  type DbAdapter,
  type Hub,
  type HubOptions,
  type Log,
  loadConfig,
  openEmbedded,
  openHub,
  PrivateFile,
  secureRandom,
  systemClock,
} from '@stoa/hub';
import { placeTemporary } from '@stoa/hub/seams/db-adapter/temporary';
import { parseJoinToken, type Random } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { createNetwork, networkFetch, type SimulatedNetwork } from '../chainweb/index.ts';
import { createRegion, nodeIdOf, type TestRegion } from './region.ts';
import { random, type WireIdentity, wireIdentity } from './wire-agent.ts';

export interface TestHub extends AsyncDisposable {
  readonly hub: Hub;
  readonly region: TestRegion;
  readonly network: SimulatedNetwork;
  readonly database: DbAdapter;
  /** What the hub logged, a JSON line each. */
  readonly log: readonly string[];
  /** Registers a node and returns what it needs to connect. */
  enrol(facts?: { owner?: string; label?: string }): Promise<WireIdentity & { nodeId: string }>;
}

export interface TestHubOptions {
  readonly clock?: Clock;
  readonly env?: Readonly<Record<string, string>>;
  /** Another hub's database and region, to come back as after a restart; the directory stays. */
  readonly dataDir?: string;
  readonly region?: TestRegion;
  readonly network?: SimulatedNetwork;
  /** An embedded one in the data directory unless given; the hub closes it. */
  readonly openDatabase?: (log: Log) => Promise<DbAdapter>;
  /** Put around the database: a world whose time waits for statements counts them. */
  readonly around?: (database: DbAdapter) => DbAdapter;
  readonly random?: Random;
  /** Of hub-run work; pg-boss on its database unless given. */
  readonly queue?: HubOptions['queue'] | undefined;
  /** Of the minter, where it mints; the hub closes it. */
  readonly mintSigner?: HubOptions['mintSigner'];
  /** In memory, one for each region, unless given; a file is what commands beside the hub open. */
  readonly vaultKeys?: HubOptions['vaultKeys'];
  /** `0.0.0-test` unless given. */
  readonly version?: string;
  /** `debug` unless said. */
  readonly logLevel?: string;
  /** Told each line as it is logged. */
  readonly onLog?: (line: string) => void;
}

const vaultKeys = new WeakMap<TestRegion, HubOptions['vaultKeys']>();

/** Every hub of a region has the same keys, whichever its directory. */
function vaultKeysOf(region: TestRegion): HubOptions['vaultKeys'] {
  let held: Uint8Array | undefined;
  const file = vaultKeys.get(region) ?? {
    load: async () => held,
    save: async (bytes: Uint8Array) => {
      held = bytes;
    },
  };
  vaultKeys.set(region, file);
  return file;
}

/** A real hub on a free port with an embedded database of its own; the chain is simulated. */
export async function openTestHub(options: TestHubOptions = {}): Promise<TestHub> {
  const clock = options.clock ?? systemClock;
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'stoa-hub-')));
  // As root the database server runs under another account, which must be able to walk through.
  await chmod(dataDir, 0o711);
  const region = options.region ?? (await createRegion({ clock, random }));
  const network = options.network ?? createNetwork({ seed: 1, clock, history: 20 });
  if (network.nodes.length === 0) network.addNode();
  const lines: string[] = [];
  const write = (line: string) => {
    lines.push(line);
    options.onLog?.(line);
  };
  const log = createLog({
    level: options.logLevel ?? 'debug',
    destination: { write },
  });
  const embedded = join(dataDir, 'postgres');
  if (options.openDatabase === undefined && !existsSync(embedded)) await placeTemporary(embedded);
  const open = options.openDatabase ?? (() => openEmbedded({ dataDir: embedded, log }));
  const opened = await open(log);
  const database = options.around?.(opened) ?? opened;
  await database.migrate();
  const config = loadConfig({
    PORT: '0',
    DATA_DIR: dataDir,
    CHAINWEB_NETWORK: network.network.name,
    ...options.env,
  });
  const hub = await openHub({
    config,
    version: options.version ?? '0.0.0-test',
    database,
    signer: region.connect(),
    mintSigner: options.mintSigner,
    key: region.instanceKeyOf(config.instance),
    identityCache: new PrivateFile(join(dataDir, 'instance.chain')),
    rollingCheckpoint: new PrivateFile(join(dataDir, 'rolling-checkpoint.json')),
    vaultKeys: options.vaultKeys ?? vaultKeysOf(region),
    checkpoint: network.checkpoint,
    clock,
    random: options.random ?? secureRandom,
    queue: options.queue,
    crypto: nodeCrypto,
    // Instances ask each other over the real network; the chain is simulated.
    fetch: (url, init) =>
      new URL(url).pathname.startsWith('/peer/') ? fetch(url, init) : networkFetch(network)(url, init),
    log,
  });
  return {
    hub,
    region,
    network,
    database,
    log: lines,
    async enrol({ owner = 'a@example.org', label = 'node' } = {}) {
      const key = nodeCrypto.signingKey(random(32));
      const { tokenId, secret } = parseJoinToken(
        await hub.tokens.create({ owner, label, createdBy: 'test' }),
      );
      const admitted = await hub.tokens.spend(tokenId, secret, nodeIdOf(key).hex);
      const credential = await region.signer.enrol({ publicKey: key.publicKey, tokenId });
      await hub.registry.add(credential, admitted, false);
      return { ...wireIdentity(key, credential, region), nodeId: nodeIdOf(key).hex };
    },
    async [Symbol.asyncDispose]() {
      await hub.close();
      if (options.region === undefined) await region[Symbol.asyncDispose]();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}
