import { nodeCrypto } from '@stoa/protocol/node';
import { systemClock } from '../clock.ts';
import { HubError } from '../error.ts';
import { loadInstaller } from '../joining/index.ts';
import { createLog, type Log } from '../log.ts';
import { JoinTokens, NodeRegistry } from '../nodes/index.ts';
import { PrivateFile } from '../private-file.ts';
import { loadRegionSettings, loadRootFingerprint } from '../region-settings.ts';
import { secureRandom } from '../secure-random.ts';
import { openSshSide, type SshSide, sealersOf } from '../ssh-side.ts';
import { openVault, SECRETS } from '../vault/index.ts';
import { besideHub } from './beside.ts';
import { type CommandContext, paths } from './context.ts';
import { type JobBench, withJobs } from './job-tools.ts';

/** What is done over SSH, beside a hub that serves from the same database. On another host it takes the vault's key file. */
export async function withSshSide<T>(
  context: CommandContext,
  by: { instance: string; runs: boolean; log?: Log },
  work: (side: SshSide) => Promise<T>,
): Promise<T> {
  const { config } = context;
  const log = by.log ?? createLog({ level: config.logLevel });
  return await besideHub(context, async ({ sql }, origin) => {
    const [clock, random, crypto] = [systemClock, secureRandom, nodeCrypto];
    const rootFingerprint = await loadRootFingerprint(sql);
    if (rootFingerprint === undefined)
      throw new HubError(
        'hub_unknown',
        'no hub of this version has served from this database yet: start it first',
        { retry: true },
      );
    const { generation } = await loadRegionSettings(sql, random);
    const hub = { origin, region: config.region, rootFingerprint };
    const file = new PrivateFile(paths(config).vaultKeys);
    const vault = await openVault({
      ...{ file, sql, random, log, columns: [SECRETS] },
      // A worker without the region's key file was set up wrongly: the key is its hub's to give up.
      ...(by.runs && {
        sealers: { ...sealersOf({ instance: by.instance, url: '', clock }), others: async () => true },
      }),
    });
    const side = await openSshSide({
      ...{ config, sql, generation, vault, clock, random, log },
      ...{ instance: by.instance, runs: by.runs },
      tokens: new JoinTokens({ sql, clock, random, crypto, hub }),
      registry: new NodeRegistry({ sql, clock, crypto }),
      installer: await loadInstaller({ origin, network: config.network }),
    });
    try {
      return await work(side);
    } finally {
      await side.close();
    }
  });
}

/** Asks for work over SSH, and reads what becomes of it: the hub or its workers run it. */
export function withSsh<T>(
  context: CommandContext,
  work: (ssh: Pick<SshSide, 'desk' | 'channel'>, jobs: JobBench) => Promise<T>,
): Promise<T> {
  return withJobs(context, (jobs) =>
    withSshSide(context, { instance: `command ${process.pid}`, runs: false }, (side) => work(side, jobs)),
  );
}
