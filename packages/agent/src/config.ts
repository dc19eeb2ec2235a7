import { join, resolve } from 'node:path';
import { AgentError } from '#error.ts';
import { addressesIn } from '#public-address.ts';

export type Transport = 'auto' | 'websocket' | 'long-poll';
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** What `SETTINGS` describes, field by field. */
export interface AgentConfig {
  readonly dataDir: string;
  readonly instance: string;
  readonly network: string;
  readonly chainwebUrl: string;
  readonly chainwebP2pUrl: string;
  readonly committedPath: string;
  readonly committedGb: number;
  readonly pollCutMs: number;
  readonly transport: Transport;
  readonly statusSocket: string;
  readonly policyFile: string;
  readonly metricsListen: string;
  readonly logLevel: LogLevel;
  readonly httpsProxy: string;
  readonly noProxy: string;
  readonly caFile: string;
  readonly mirrorAllow: string;
  readonly dialBack: string;
}

/** Facts about the machine that defaults depend on. */
export interface ConfigHost {
  /** Whether the process runs as root. */
  root: boolean;
  home: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

interface Setting<K extends keyof AgentConfig = keyof AgentConfig> {
  key: K;
  /** Several names: the first that is set counts. */
  env: readonly string[];
  /** Long option without its dashes; none where only the environment is heeded. */
  flag?: string;
  unit: string;
  doc: string;
  /** How `--help` shows the default. */
  defaultText: string;
  /** @throws Error whose message says what was expected. */
  parse: (text: string) => AgentConfig[K];
  fallback: (host: ConfigHost, env: Environment, known: Partial<AgentConfig>) => AgentConfig[K];
}

const setting = <K extends keyof AgentConfig>(row: Setting<K>): Setting => row as unknown as Setting;

export const DEFAULT_INSTANCE = 'default';
/** Not in the data directory, which belongs to the agent's user; the privileged unit reads this very file. */
const POLICY_FILE = '/etc/stoa-agent/policy';

/** In order: a fallback may look at the rows above it. */
export const SETTINGS: readonly Setting[] = [
  setting({
    key: 'dataDir',
    env: ['STOA_AGENT_DATA'],
    flag: 'data',
    unit: 'directory',
    doc: 'Identity, journals, receipts and status socket.',
    defaultText: '/var/lib/stoa-agent (root), $XDG_STATE_HOME/stoa-agent or ~/.local/state/stoa-agent',
    parse: (text) => resolve(text),
    fallback: ({ root, home }, env) =>
      root ? '/var/lib/stoa-agent' : join(env['XDG_STATE_HOME'] || join(home, '.local/state'), 'stoa-agent'),
  }),
  setting({
    key: 'instance',
    env: ['STOA_AGENT_INSTANCE'],
    flag: 'instance',
    unit: 'name',
    doc: 'Which node of the data directory this is; a host with several nodes names each.',
    defaultText: DEFAULT_INSTANCE,
    parse: matching(/^[a-z0-9][a-z0-9-]{0,31}$/, 'up to 32 of a-z, 0-9 and -, such as node-2'),
    fallback: () => DEFAULT_INSTANCE,
  }),
  setting({
    key: 'network',
    env: ['CHAINWEB_NETWORK'],
    flag: 'network',
    unit: 'name',
    doc: 'Chainweb version the node must serve.',
    defaultText: 'stoa',
    parse: matching(/^[a-z0-9][a-z0-9-]{0,63}$/, 'a chainweb version such as stoa'),
    fallback: () => 'stoa',
  }),
  setting({
    key: 'chainwebUrl',
    env: ['CHAINWEB_URL'],
    flag: 'chainweb-url',
    unit: 'URL',
    doc: 'Service API of the chainweb node.',
    defaultText: 'http://127.0.0.1:1848',
    parse: parseOrigin,
    fallback: () => 'http://127.0.0.1:1848',
  }),
  setting({
    key: 'chainwebP2pUrl',
    env: ['CHAINWEB_P2P_URL'],
    flag: 'chainweb-p2p-url',
    unit: 'URL',
    doc: 'P2P API of the chainweb node; its self-signed certificate is accepted.',
    defaultText: 'https://127.0.0.1:1789',
    parse: parseOrigin,
    fallback: () => 'https://127.0.0.1:1789',
  }),
  setting({
    key: 'committedPath',
    env: ['STOA_AGENT_COMMITTED_PATH'],
    flag: 'committed-path',
    unit: 'directory',
    doc: 'Where the committed disk space lies.',
    defaultText: 'the data directory',
    parse: (text) => resolve(text),
    fallback: (_host, _env, known) => known.dataDir ?? '/',
  }),
  setting({
    key: 'committedGb',
    env: ['STOA_AGENT_COMMITTED_GB'],
    flag: 'committed-gb',
    unit: 'GB (10^9 bytes)',
    doc: 'Disk space promised to the network.',
    defaultText: '0, none',
    parse: numberBetween(0, 1e6),
    fallback: () => 0,
  }),
  setting({
    key: 'pollCutMs',
    env: ['STOA_AGENT_POLL_CUT_MS'],
    flag: 'poll-cut-ms',
    unit: 'ms',
    doc: 'How often the tips are asked for when the node streams no headers.',
    defaultText: '10000',
    parse: numberBetween(1000, 60_000),
    fallback: () => 10_000,
  }),
  setting({
    key: 'transport',
    env: ['STOA_AGENT_TRANSPORT'],
    flag: 'transport',
    unit: 'auto | websocket | long-poll',
    doc: 'How frames travel; auto falls back to long-poll where WebSockets are blocked.',
    defaultText: 'auto',
    parse: oneOf('auto', 'websocket', 'long-poll'),
    fallback: () => 'auto',
  }),
  setting({
    key: 'statusSocket',
    env: ['STOA_AGENT_STATUS_SOCKET'],
    flag: 'status-socket',
    unit: 'path',
    doc: 'Unix socket that status, metrics and support-bundle ask.',
    defaultText: 'status.sock in the data directory; status-NAME.sock for an instance',
    parse: parseSocketPath,
    fallback: (_host, _env, { dataDir = '/', instance = DEFAULT_INSTANCE }) => {
      const name = instance === DEFAULT_INSTANCE ? 'status.sock' : `status-${instance}.sock`;
      return parseSocketPath(join(dataDir, name));
    },
  }),
  setting({
    key: 'policyFile',
    env: ['STOA_AGENT_POLICY'],
    flag: 'policy-file',
    unit: 'path',
    doc: 'What a hub may have done on this host, for all its nodes. Root’s own: the agent must not be able to widen it.',
    defaultText: POLICY_FILE,
    parse: (text) => resolve(text),
    fallback: () => POLICY_FILE,
  }),
  setting({
    key: 'metricsListen',
    env: ['STOA_AGENT_METRICS'],
    flag: 'metrics-listen',
    unit: 'path | loopback:port',
    doc: 'Where Prometheus may scrape /metrics: a Unix socket, or a port on 127.0.0.1 or [::1].',
    defaultText: 'nowhere',
    parse: parseMetricsListen,
    fallback: () => '',
  }),
  setting({
    key: 'logLevel',
    env: ['STOA_AGENT_LOG_LEVEL'],
    flag: 'log-level',
    unit: 'error | warn | info | debug',
    doc: 'Least severe line that is logged.',
    defaultText: 'info',
    parse: oneOf('error', 'warn', 'info', 'debug'),
    fallback: () => 'info',
  }),
  setting({
    key: 'httpsProxy',
    env: ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'],
    unit: 'URL',
    doc: 'CONNECT proxy on the way to the hub; may hold user and password.',
    defaultText: 'none',
    parse: parseProxy,
    fallback: () => '',
  }),
  setting({
    key: 'noProxy',
    env: ['no_proxy', 'NO_PROXY'],
    unit: 'host list',
    doc: 'Hosts that are reached without the proxy.',
    defaultText: 'none',
    parse: (text) => text,
    fallback: () => '',
  }),
  setting({
    key: 'caFile',
    env: ['STOA_AGENT_CA_FILE'],
    flag: 'ca-file',
    unit: 'PEM file',
    doc: 'Further certificate authorities, for a hub or a proxy with a private one.',
    defaultText: 'none',
    parse: (text) => resolve(text),
    fallback: () => '',
  }),
  setting({
    key: 'mirrorAllow',
    env: ['STOA_AGENT_MIRROR_ALLOW'],
    flag: 'mirror-allow',
    unit: 'addresses, CIDR ranges',
    doc: 'Where mirrors of releases may lie besides the public internet; the hub itself may lie anywhere.',
    defaultText: 'none',
    parse: (text) => {
      addressesIn(text);
      return text;
    },
    fallback: () => '',
  }),
  setting({
    key: 'dialBack',
    env: ['STOA_AGENT_DIAL_BACK'],
    flag: 'dial-back',
    unit: 'no | public | addresses, CIDR ranges',
    doc: 'P2P ports of others that it may look at for the hub: none, public ones, these ranges too.',
    defaultText: 'public',
    parse: (text) => {
      if (text !== 'no' && text !== 'public') addressesIn(text);
      return text;
    },
    fallback: () => 'public',
  }),
];

/** Code `config_invalid`. Names the setting, where its value came from, and what was expected; never a proxy's password. */
export class ConfigError extends AgentError<'config_invalid'> {
  override readonly name = 'ConfigError';

  constructor(message: string, cause?: unknown) {
    super('config_invalid', message, { retry: false, cause });
  }
}

export interface ConfigSources {
  env: Environment;
  /** By flag name, as `parseArgs` gives them. Win over the environment. */
  flags?: Environment;
  host: ConfigHost;
}

/** @throws ConfigError */
export function loadConfig({ env, flags = {}, host }: ConfigSources): AgentConfig {
  const config: Partial<Record<keyof AgentConfig, unknown>> = {};
  for (const row of SETTINGS) {
    const given = find(row, env, flags);
    config[row.key] = read(row, given, () => row.fallback(host, env, config as Partial<AgentConfig>));
  }
  return Object.freeze(config as unknown as AgentConfig);
}

interface Given {
  text: string;
  source: string;
}

function find(row: Setting, env: Environment, flags: Environment): Given | undefined {
  const flagText = row.flag === undefined ? undefined : flags[row.flag];
  if (flagText !== undefined) return { text: flagText, source: `--${row.flag}` };
  for (const name of row.env) {
    const text = env[name];
    // An empty variable means unset: systemd units and shells can't always leave one out.
    if (text) return { text, source: name };
  }
  return undefined;
}

function read(row: Setting, given: Given | undefined, fallback: () => unknown): unknown {
  try {
    return given ? row.parse(given.text) : fallback();
  } catch (error) {
    const shown = given && row.key !== 'httpsProxy' ? ` '${given.text}'` : '';
    const expected = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${given?.source ?? `the default of ${row.key}`}${shown}: ${expected}`, error);
  }
}

/** The table for `--help` and the documents. */
export function describeConfig(): string {
  return SETTINGS.map(({ flag, env, unit, doc, defaultText }) => {
    const names = [flag === undefined ? [] : [`--${flag}`], env].flat().join(', ');
    return `  ${names}\n      ${doc} (${unit})\n      default: ${defaultText}`;
  }).join('\n');
}

function matching(pattern: RegExp, expected: string): (text: string) => string {
  return (text) => {
    if (!pattern.test(text)) throw new Error(`expected ${expected}`);
    return text;
  };
}

function oneOf<T extends string>(...words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) throw new Error(`expected one of ${words.join(', ')}`);
    return word;
  };
}

function numberBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most))
      throw new Error(`expected a number from ${least} to ${most}`);
    return value;
  };
}

/** Scheme, host and port, without a slash at the end, so that paths can be appended. */
function parseOrigin(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search || url.hash)
    throw new Error('expected http:// or https:// with a host and a port and nothing after them');
  return url.origin;
}

function parseProxy(text: string): string {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new Error(
      'expected http:// or https:// with [user:password@]host:port; for SOCKS there is no support: unset it for the agent',
    );
  return url.href;
}

// sun_path holds 108 bytes with the closing zero; the kernel's own error would say EINVAL and nothing more.
const SOCKET_PATH_BYTES = 107;

function parseSocketPath(text: string): string {
  const path = resolve(text);
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES)
    throw new Error(
      `${path} is longer than the ${SOCKET_PATH_BYTES} bytes of a Unix socket's path: set --status-socket`,
    );
  return path;
}

function parseMetricsListen(text: string): string {
  if (text.startsWith('/')) return parseSocketPath(text);
  return matching(/^(127\.0\.0\.1|\[::1\]):\d{1,5}$/, 'an absolute path, 127.0.0.1:PORT or [::1]:PORT')(text);
}
