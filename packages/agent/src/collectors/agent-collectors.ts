import type { Clock } from '#clock.ts';
import { cutCollector } from '#collectors/chainweb-cut.ts';
import { type ChainwebInfo, chainwebInfoCollector } from '#collectors/chainweb-info.ts';
import { CollectorSet } from '#collectors/collector-set.ts';
import { type Commitment, commitmentCollector } from '#collectors/commitment.ts';
import type { Cut } from '#collectors/cut.ts';
import { type HostSample, hostCollector } from '#collectors/host.ts';
import type { Proc } from '#collectors/proc.ts';
import { type ChainwebProcesses, processCollector } from '#collectors/process.ts';
import type { InspectContainer } from '#collectors/supervision.ts';
import type { AgentConfig } from '#config.ts';
import type { Disk } from '#disk.ts';
import type { Http } from '#http.ts';
import type { Log } from '#log.ts';
import type { Random } from '#random.ts';

/** Everything the agent finds out by itself. */
export interface AgentReadings {
  readonly cut: Cut;
  readonly chainweb: ChainwebInfo;
  readonly process: ChainwebProcesses;
  readonly host: HostSample;
  readonly commitment: Commitment;
}

export interface CollectorDeps {
  config: AgentConfig;
  clock: Clock;
  random: Random;
  log: Log;
  /** Direct: the chainweb node is beside the agent. */
  http: Http;
  disk: Disk;
  proc: Proc;
  inspectContainer: InspectContainer;
}

export function createCollectors(deps: CollectorDeps): CollectorSet<AgentReadings> {
  const { config, http, clock } = deps;
  const chainweb = {
    http,
    clock,
    serviceUrl: config.chainwebUrl,
    p2pUrl: config.chainwebP2pUrl,
    network: config.network,
  };
  return new CollectorSet<AgentReadings>(
    {
      cut: cutCollector({ ...chainweb, random: deps.random, pollMs: config.pollCutMs }),
      chainweb: chainwebInfoCollector(chainweb),
      process: processCollector({
        ...deps,
        servicePort: portOf(config.chainwebUrl),
        p2pPort: portOf(config.chainwebP2pUrl),
      }),
      host: hostCollector(deps),
      commitment: commitmentCollector(deps),
    },
    deps,
  );
}

function portOf(origin: string): string {
  const { port, protocol } = new URL(origin);
  return port || (protocol === 'https:' ? '443' : '80');
}
