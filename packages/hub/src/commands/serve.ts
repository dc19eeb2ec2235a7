import { readFile } from 'node:fs/promises';
import { type Checkpoint, parseCheckpoint } from '@stoa/protocol/chainweb';
import { nodeCrypto } from '@stoa/protocol/node';
import { connectMintSigner, connectSigner } from '@stoa/signer/client';
import { systemClock } from '../clock.ts';
import type { HubConfig } from '../config.ts';
import { HubError } from '../error.ts';
import { openHub } from '../hub.ts';
import { loadInstanceKey } from '../instance-key.ts';
import { createLog } from '../log.ts';
import { PrivateFile } from '../private-file.ts';
import { secureRandom } from '../secure-random.ts';
import { type CommandContext, paths } from './context.ts';
import { openDatabase } from './database.ts';

/** `stoa-hub serve`: runs until the signal; prints where the console is, and the login link of a first start. */
export async function serve({ config, version, out, signal }: CommandContext): Promise<void> {
  const log = createLog({ level: config.logLevel });
  const checkpoint = await readCheckpoint(config);
  const broken = new AbortController();
  // Closed by the hub, once there is one.
  await using opened = new AsyncDisposableStack();
  const database = await openDatabase(config, {
    log,
    onServerExit(error) {
      log.fatal({ err: error }, 'the embedded database ended by itself');
      broken.abort(error);
    },
  });
  opened.defer(() => database.close());
  await database.migrate();
  const key = await loadInstanceKey(paths(config).instanceKey, { crypto: nodeCrypto, random: secureRandom });
  await using hub = await openHub({
    config,
    version,
    database,
    signer: connectSigner({ socketPath: paths(config).signerSocket }),
    mintSigner: config.mintContract && connectMintSigner({ socketPath: paths(config).mintSignerSocket }),
    key,
    identityCache: new PrivateFile(paths(config).instanceChain),
    rollingCheckpoint: new PrivateFile(paths(config).rollingCheckpoint),
    vaultKeys: new PrivateFile(paths(config).vaultKeys),
    checkpoint,
    clock: systemClock,
    random: secureRandom,
    crypto: nodeCrypto,
    fetch,
    log,
  });
  out(`Console: ${hub.url.origin}`);
  const link = await hub.web.accounts.firstLoginLink({ publicUrl: hub.url.origin });
  if (link !== undefined) out(`Sign in (once, within 24 hours): ${link}`);
  await untilAborted(AbortSignal.any([signal, broken.signal]));
  broken.signal.throwIfAborted();
  if (config.drainSeconds > 0) await hub.agents.gateway.drain(config.drainSeconds * 1_000);
}

async function readCheckpoint(config: HubConfig): Promise<Checkpoint> {
  if (config.checkpointFile === undefined)
    throw new HubError(
      'no_checkpoint',
      'CHAINWEB_CHECKPOINT is not set: name the file with the pinned headers, or make one from a node you trust with `stoa-hub checkpoint URL`',
      { retry: false },
    );
  const checkpoint = parseCheckpoint(await readFile(config.checkpointFile, 'utf8'));
  if (checkpoint.network.name !== config.network)
    throw new HubError(
      'wrong_network',
      `${config.checkpointFile} is of network '${checkpoint.network.name}'; CHAINWEB_NETWORK is '${config.network}'`,
      { retry: false },
    );
  return checkpoint;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
