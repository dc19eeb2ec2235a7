import { readFile } from 'node:fs/promises';
import { getCACertificates } from 'node:tls';
import { createDisk } from '#atomic-file.ts';
import type { Clock } from '#clock.ts';
import { type AgentConfig, ConfigError } from '#config.ts';
import type { Disk } from '#disk.ts';
import { createHttp, type Http } from '#http.ts';
import { createLog, type Log, LogRing } from '#log.ts';
import { createProxies, environmentRule, type Proxies } from '#proxy.ts';

/** The side effects that the agent's core and its commands work through. */
export interface AgentContext {
  readonly version: string;
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly disk: Disk;
  /** To the hub: through the proxies of the environment. */
  readonly http: Http;
  /** To the chainweb node beside the agent: direct. */
  readonly nodeHttp: Http;
  readonly proxies: Proxies;
  /** PEM; undefined for the authorities that Node trusts. */
  readonly ca: readonly string[] | undefined;
  readonly log: Log;
  readonly logRing: LogRing;
  readonly signal: AbortSignal;
}

export interface AgentContextOptions extends Pick<AgentContext, 'version' | 'config' | 'clock' | 'signal'> {
  writeLog: (line: string) => void;
}

/** @throws ConfigError if the CA file can't be read. */
export async function createAgentContext(options: AgentContextOptions): Promise<AgentContext> {
  const { config, clock, writeLog, ...rest } = options;
  const ca = config.caFile === '' ? undefined : await withDefaults(config.caFile);
  const proxies = createProxies({ clock, proxyFor: environmentRule(config), ca });
  const logRing = new LogRing();
  return {
    ...rest,
    config,
    clock,
    disk: createDisk(),
    http: createHttp({ clock, proxies, ca }),
    nodeHttp: createHttp({ clock, keepAlive: true }),
    proxies,
    ca,
    log: createLog({ clock, level: config.logLevel, write: writeLog, ring: logRing }),
    logRing,
  };
}

/** Node takes a list of authorities instead of its own, not besides. */
async function withDefaults(caFile: string): Promise<string[]> {
  try {
    return [...getCACertificates('default'), await readFile(caFile, 'utf8')];
  } catch (cause) {
    throw new ConfigError(`the CA file ${caFile} can't be read: expected PEM`, cause);
  }
}
