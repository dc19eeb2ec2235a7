import type { JobHandlers } from '#work/handler.ts';
import { agentRollback } from '#work/kinds/agent-rollback.ts';
import { backupStoachain } from '#work/kinds/backup.ts';
import { benchmarkNode, driveBenchmark } from '#work/kinds/benchmark.ts';
import { certbotObtain, certRotate } from '#work/kinds/certificate.ts';
import { peerTrustReset, stoachainControl } from '#work/kinds/control.ts';
import { backupRestore, stoachainReseed } from '#work/kinds/database.ts';
import { convertSupervision, stoachainInstall, stoachainUpgrade } from '#work/kinds/deploy.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { nodeTest } from '#work/kinds/node-test.ts';
import { aptUpgrade, netdataInstall } from '#work/kinds/packages.ts';
import { seedPromote, seedRefresh } from '#work/kinds/seed.ts';
import { systemProbe } from '#work/kinds/system-probe.ts';

export type { KindDeps } from '#work/kinds/deps.ts';
export { settle } from '#work/kinds/settle.ts';

export interface KindOptions {
  /** Of each single measure. */
  readonly benchmarkSeconds?: number;
  /** Of the file by which a node's drive is measured. */
  readonly benchmarkMegabytes?: number;
}

/** All kinds that this build can do. */
export function createJobHandlers(deps: KindDeps, options: KindOptions = {}): Required<JobHandlers> {
  const { benchmarkSeconds: seconds = 8, benchmarkMegabytes: megabytes = 512 } = options;
  return {
    'system-probe': systemProbe(deps),
    'node-test': nodeTest(deps),
    'stoachain-control': stoachainControl(deps),
    'stoachain-cert-rotate': certRotate(deps),
    'stoachain-certbot-obtain': certbotObtain(deps),
    'seed-refresh': seedRefresh(deps),
    'seed-promote': seedPromote(deps),
    'peer-trust-reset': peerTrustReset(deps),
    'agent-rollback': agentRollback(deps),
    'benchmark-node': benchmarkNode(deps, { seconds, megabytes }),
    'drive-benchmark': driveBenchmark(deps, { seconds }),
    'backup-stoachain': backupStoachain(deps),
    'netdata-install': netdataInstall(deps),
    'apt-upgrade': aptUpgrade(deps),
    'stoachain-install': stoachainInstall(deps),
    'stoachain-reseed': stoachainReseed(deps),
    'stoachain-upgrade': stoachainUpgrade(deps),
    'stoachain-convert-supervision': convertSupervision(deps),
    'backup-restore': backupRestore(deps),
  };
}
