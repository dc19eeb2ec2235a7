import { hostname } from 'node:os';
import { nodeCrypto } from '@stoa/protocol/node';
import { systemClock } from '../clock.ts';
import { HubError } from '../error.ts';
import { loadInstaller } from '../joining/index.ts';
import { createLog } from '../log.ts';
import { JoinTokens, NodeRegistry } from '../nodes/index.ts';
import { PrivateFile } from '../private-file.ts';
import { loadRegionSettings, loadRootFingerprint } from '../region-settings.ts';
import { secureRandom } from '../secure-random.ts';
import { openSshSide } from '../ssh-side.ts';
import { Tickers } from '../ticker.ts';
import { openVault, SECRETS } from '../vault/index.ts';
import { besideHub } from './beside.ts';
import { type CommandContext, paths } from './context.ts';

/** `stoa-hub worker`: takes hub-run work until the signal. On another host it takes DATABASE_URL and the vault's key file. */
export async function worker(context: CommandContext): Promise<void> {
  const { config, signal, out } = context;
  const log = createLog({ level: config.logLevel });
  await besideHub(context, async ({ sql }, origin) => {
    const [clock, random, crypto] = [systemClock, secureRandom, nodeCrypto];
    const rootFingerprint = await loadRootFingerprint(sql);
    if (rootFingerprint === undefined)
      throw new HubError(
        'hub_unknown',
        'no hub of this version has served from this database yet: start it first',
        {
          retry: true,
        },
      );
    const instance = `worker ${hostname()} ${process.pid}`;
    const { generation } = await loadRegionSettings(sql, random);
    const hub = { origin, region: config.region, rootFingerprint };
    const file = new PrivateFile(paths(config).vaultKeys);
    const vault = await openVault({ file, sql, random, log, columns: [SECRETS] });
    const side = await openSshSide({
      ...{ config, sql, generation, instance, runs: true, vault, clock, random, log },
      tokens: new JoinTokens({ sql, clock, random, crypto, hub }),
      registry: new NodeRegistry({ sql, clock, crypto }),
      installer: await loadInstaller(origin),
    });
    const tickers = new Tickers({ clock, log });
    for (const task of side.tasks) tickers.start(task);
    side.start();
    out(`Worker: ${instance}, by ${side.queue.backEnd}`);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await tickers.stop();
    await side.close();
  });
}
