import { isIP } from 'node:net';
import { TrustedProxies } from './client-address.ts';
import { AllowedAddresses } from './egress-addresses.ts';
import {
  ConfigError,
  choice,
  contract,
  dataDirectory,
  email,
  hosts,
  integer,
  keyAccount,
  list,
  optionalText,
  origin,
  pactCall,
  place,
  port,
  publicOrigin,
  redisUrl,
  type Setting,
  smtpUrl,
  text,
  transactionUrl,
} from './setting.ts';

export { ConfigError };

/** The hub's configuration: one row a setting, read from the environment that `main.ts` passes in. */
export const SETTINGS = {
  host: text('HOST', '127.0.0.1', 'Address to listen on; agents, downloads and console share the one port.'),
  port: port('PORT', 8700, 'Port to listen on; 0 takes any free one.'),
  publicUrl: publicOrigin(
    'PUBLIC_URL',
    'http(s)://HOST:PORT',
    'Origin by which agents and browsers reach the hub: passkeys and join commands carry it.',
  ),
  tlsCert: optionalText(
    'TLS_CERT',
    'none: a proxy before the hub ends TLS',
    'PEM file with the certificate and its issuers, where the hub ends TLS itself; read again as it changes.',
  ),
  tlsKey: optionalText('TLS_KEY', 'none', 'PEM file with the key of TLS_CERT.'),
  acmeDirectory: origin(
    'ACME_DIRECTORY',
    'none',
    'Directory of a CA that gives the certificate instead, https://acme-v02.api.letsencrypt.org/directory: who sets it agrees to its terms.',
  ),
  acmeEmail: optionalText('ACME_EMAIL', 'none', 'Where that CA writes to.'),
  dataDir: dataDirectory('DATA_DIR', 'The embedded database, the instance key, the signer socket.'),
  databaseUrl: optionalText(
    'DATABASE_URL',
    'embedded PostgreSQL in DATA_DIR',
    'Any PostgreSQL >= 15, as postgres://…',
  ),
  databaseReplicas: hosts(
    'DATABASE_REPLICAS',
    'Read replicas of DATABASE_URL, with its users: pages of what was summed before read there.',
  ),
  redisUrl: redisUrl(
    'REDIS_URL',
    'none: hub-run work is queued in the database',
    'Where hub-run work is queued (BullMQ), as redis://… or rediss://…',
  ),
  sshWorker: choice(
    'SSH_WORKER',
    ['here', 'elsewhere'],
    'Whether this process runs work over SSH itself, or leaves it to `stoa-hub worker`.',
  ),
  artefactsDir: optionalText(
    'ARTEFACTS_DIR',
    'DATA_DIR/artefacts',
    'Signed agents for install.sh to fetch (`pnpm build:artefact --sign`).',
  ),
  releasesDir: optionalText(
    'RELEASES_DIR',
    'DATA_DIR/releases',
    'Published releases of the agent, as they are served: one directory of all instances, on one disk or a shared one.',
  ),
  releaseRoot: optionalText(
    'RELEASE_ROOT',
    'the one that `stoa-hub release trust` was shown',
    'File with the root metadata from which every release must descend.',
  ),
  releasesMirrorOf: publicOrigin(
    'RELEASES_MIRROR_OF',
    'none: releases are published here',
    'Another region, whose releases this one verifies and serves too: https://hub.example',
  ),
  rolloutRehearsal: integer('ROLLOUT_REHEARSAL', 1, {
    from: 1,
    to: 1_000,
    doc: 'For rehearsals: so many times as fast rollouts go. Without effect on releases that real holders sign.',
  }),
  region: text('REGION', 'local', 'Name of the region that this hub serves.'),
  instance: text('INSTANCE', 'hub-1', 'Name of this instance within its region.'),
  signerSocket: optionalText(
    'SIGNER_SOCKET',
    'DATA_DIR/signer/signer.sock',
    'Where the signer daemon listens.',
  ),
  regionPlace: place('REGION_PLACE', 'by the name of the region'),
  network: text('CHAINWEB_NETWORK', 'stoa', 'Name of the chainweb network.'),
  chainwebUrl: origin('CHAINWEB_URL', 'none', "Service API of the hub's own reference node."),
  chainwebSecondUrl: origin(
    'CHAINWEB_SECOND_URL',
    'none',
    'Service API of another node: asked too whose key guards a payout account, and both must say the same.',
  ),
  ouronetGuard: pactCall(
    'OURONET_GUARD',
    'none: accounts of Ouronet can not be verified here',
    'Where the chain tells the guard of an Ouronet account: 0:namespace.module.function, of one argument.',
  ),
  transactionUrl: transactionUrl(
    'EXPLORER_TX_URL',
    'Where an explorer of the chain shows a transaction: https://explorer.example/tx/{key}?chain={chain}',
  ),
  mintContract: contract(
    'MINT_CONTRACT',
    'none: this hub mints nothing',
    'The register that points are minted to, with the hash that all ten chains have: namespace.module@HASH.',
  ),
  minter: keyAccount(
    'MINTER',
    'none',
    "Account of the minter's key, k:…: it signs what is minted, and pays.",
  ),
  mintSender: optionalText('MINT_SENDER', 'MINTER', 'Another account that pays for what is minted.'),
  mintNodes: list('MINT_NODES', 'CHAINWEB_URL and CHAINWEB_SECOND_URL', {
    doc: 'Service APIs of two nodes or more, of which most (of two, both) must say the same before the mint goes on.',
    expected: 'URLs like http://node.example:1848',
    use: (urls) => urls.map((url) => new URL(url)),
  }),
  mintSignerSocket: optionalText(
    'MINT_SIGNER_SOCKET',
    'DATA_DIR/minter/mint.sock',
    "Where the minter's signer listens (`stoa-signer mint serve`).",
  ),
  mintGasPrice: integer('MINT_GAS_PRICE', 11_000, {
    from: 1,
    to: 1_000_000_000,
    doc: 'What a unit of gas is paid, in ANU (1e-12 STOA).',
  }),
  checkpointFile: optionalText(
    'CHAINWEB_CHECKPOINT',
    'none',
    'File with the pinned checkpoint headers (`stoa-hub checkpoint URL` makes one).',
  ),
  jobsDir: optionalText(
    'JOBS_DIR',
    'DATA_DIR/jobs',
    'Where the logs of jobs are kept: one directory of all instances, or one each.',
  ),
  archivesUrl: origin(
    'ARCHIVES_URL',
    'none: backups stay on the nodes, or go to presigned URLs of their owners',
    'Bucket of S3-compatible storage, with a prefix, for backups of nodes: https://s3.example/bucket/prefix',
  ),
  archivesRegion: text('ARCHIVES_REGION', 'us-east-1', 'Region of that storage, as its signatures name it.'),
  archivesKeyFile: optionalText(
    'ARCHIVES_KEY_FILE',
    'none',
    'File (mode 0600) with the key of that storage: ACCESS_KEY_ID:SECRET.',
  ),
  instanceUrl: origin(
    'INSTANCE_URL',
    'the address that it listens at',
    'Where the other instances of the region reach this one, for logs that only its disk has.',
  ),
  ledgerDumpDir: optionalText(
    'LEDGER_DUMP_DIR',
    'none',
    'Where a dump of the ledger is written each night, once it is 03:00 UTC.',
  ),
  ledgerDumpKeyFile: optionalText(
    'LEDGER_DUMP_KEY_FILE',
    'none',
    'File (mode 0600) of 32 bytes at least, which seals these dumps, and opens them.',
  ),
  adminEmail: email(
    'ADMIN_EMAIL',
    'admin@stoa.local',
    'The first admin: the link that the first start prints signs in this account.',
  ),
  signUp: choice(
    'SIGN_UP',
    ['open', 'closed'],
    'Whether strangers may make accounts (as Operator), or admins invite.',
  ),
  smtpUrl: smtpUrl(
    'SMTP_URL',
    'none: e-mails are written to the log',
    'smtp://user:password@host:587 or smtps://…',
  ),
  mailFrom: text('MAIL_FROM', 'Stoa Hub <hub@localhost>', 'Sender of the e-mails.'),
  logLevel: text('LOG_LEVEL', 'info', 'debug, info, warn or error.'),
  handshakesPerAddress: integer('HANDSHAKES_PER_ADDRESS', 64, {
    from: 1,
    to: 100_000,
    doc: 'Handshakes under way from one address (/64 in IPv6); raise it behind a NAT that many nodes share.',
  }),
  maxConnections: integer('MAX_CONNECTIONS', 25_000, {
    from: 10,
    to: 1_000_000,
    doc: 'Sockets open at once; what comes beyond is closed unheard.',
  }),
  heartbeatSeconds: integer('HEARTBEAT_SECONDS', 30, {
    from: 1,
    to: 60,
    doc: 'How often nodes report; 15 to 45 by the load of the region.',
  }),
  reconnectWindowSeconds: integer('RECONNECT_WINDOW_SECONDS', 60, {
    from: 1,
    to: 3_600,
    doc: 'Over how long nodes spread their return after this hub was lost.',
  }),
  trustedProxies: list('TRUSTED_PROXIES', 'none', {
    doc: 'Addresses or CIDR ranges of proxies before the hub, whose X-Forwarded-For is believed.',
    expected: 'addresses or CIDR ranges',
    use: (ranges) => new TrustedProxies(ranges),
  }),
  deadManUrl: origin(
    'DEADMAN_URL',
    'none',
    'Asked each minute while the hub is healthy, by GET: a service elsewhere that raises the alarm when it hears no more.',
  ),
  mostPerAddress: integer('NODES_PER_ADDRESS', 16, {
    ...{ from: 1, to: 10_000 },
    doc: 'Nodes of one address that gate 7 lets earn at once, those who were there first: one chainweb behind many ports is no fleet.',
  }),
  egressAllow: list('EGRESS_ALLOW', 'none', {
    doc: 'Addresses or CIDR ranges that webhooks may reach though they are not on the public internet. Names are asked of DNS alone, not of /etc/hosts.',
    expected: 'addresses or CIDR ranges',
    use: (ranges) => new AllowedAddresses(ranges),
  }),
  drainSeconds: integer('DRAIN_SECONDS', 0, {
    from: 0,
    to: 3_600,
    doc: 'How long agents are given to move to other instances, each at its own moment, when this one stops.',
  }),
} as const satisfies Record<string, Setting<unknown>>;

export type HubConfig = { readonly [K in keyof typeof SETTINGS]: ReturnType<(typeof SETTINGS)[K]['parse']> };

/** @throws ConfigError naming the first setting that cannot be used. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): HubConfig {
  const entries = Object.entries(SETTINGS).map(([name, setting]) => [name, setting.parse(env[setting.env])]);
  const config = Object.freeze(Object.fromEntries(entries)) as HubConfig;
  checkTls(config);
  checkDatabase(config);
  checkMint(config);
  return config;
}

function checkTls({ tlsCert, tlsKey, acmeDirectory, publicUrl }: HubConfig): void {
  if (acmeDirectory !== undefined) checkAcme(acmeDirectory, { tlsCert, publicUrl });
  if (tlsCert !== undefined && tlsKey === undefined)
    throw new ConfigError('TLS_KEY', '', 'the key of TLS_CERT');
  if (tlsKey !== undefined && tlsCert === undefined)
    throw new ConfigError('TLS_CERT', '', 'the certificate of TLS_KEY');
  if (tlsCert !== undefined && publicUrl !== undefined && publicUrl.protocol !== 'https:')
    throw new ConfigError('PUBLIC_URL', publicUrl.href, 'https, since TLS_CERT is set,');
}

function checkDatabase({ databaseUrl, databaseReplicas }: HubConfig): void {
  if (databaseReplicas !== undefined && databaseUrl === undefined)
    throw new ConfigError(
      'DATABASE_REPLICAS',
      databaseReplicas,
      'DATABASE_URL beside it: the embedded one has none,',
    );
}

/** Where it mints, by whose key and over which nodes must be said. */
function checkMint({ mintContract, minter, mintNodes, chainwebUrl, chainwebSecondUrl }: HubConfig): void {
  if (mintContract === undefined) return;
  if (minter === undefined)
    throw new ConfigError('MINTER', '', 'the account of the minter, since MINT_CONTRACT is set,');
  if (mintNodesOf({ mintNodes, chainwebUrl, chainwebSecondUrl }).length < 2)
    throw new ConfigError(
      'MINT_NODES',
      mintNodes.join(','),
      'two nodes or more, since MINT_CONTRACT is set,',
    );
}

/** Nodes that the mint asks. */
export function mintNodesOf({
  mintNodes,
  chainwebUrl,
  chainwebSecondUrl,
}: Pick<HubConfig, 'mintNodes' | 'chainwebUrl' | 'chainwebSecondUrl'>): readonly URL[] {
  if (mintNodes.length > 0) return mintNodes;
  return [chainwebUrl, chainwebSecondUrl].filter((url) => url !== undefined);
}

function checkAcme(
  acmeDirectory: URL,
  { tlsCert, publicUrl }: Pick<HubConfig, 'tlsCert' | 'publicUrl'>,
): void {
  if (tlsCert !== undefined)
    throw new ConfigError('ACME_DIRECTORY', acmeDirectory.href, 'no TLS_CERT beside it');
  const named = publicUrl?.protocol === 'https:' && isIP(publicUrl.hostname.replace(/^\[|\]$/g, '')) === 0;
  if (!named)
    throw new ConfigError(
      'PUBLIC_URL',
      publicUrl?.href ?? '',
      'https and a DNS name, for which ACME gets a certificate,',
    );
}

/** The table for `--help` and the documents. */
export function describeConfig(): string {
  const width = Math.max(...Object.values(SETTINGS).map((setting) => setting.env.length));
  return Object.values(SETTINGS)
    .map((setting) => `  ${setting.env.padEnd(width)}  ${setting.doc} [${setting.fallback}]`)
    .join('\n');
}

const SECRET = /SECRET|PASSWORD|TOKEN|_KEY$/;

/** What holds, for the eyes of admins: secrets are told to be set, and nothing else of them. */
export function settingsInForce(
  config: HubConfig,
): readonly { readonly env: string; readonly value: string; readonly isDefault: boolean }[] {
  const held: Readonly<Record<string, unknown>> = config;
  const defaults: Readonly<Record<string, unknown>> = loadConfig({});
  return Object.entries(SETTINGS).map(([name, { env, fallback }]) => {
    const value = shown(held[name]);
    const isDefault = value === shown(defaults[name]);
    if (isDefault) return { env, value: fallback, isDefault };
    return { env, value: SECRET.test(env) ? 'set' : value, isDefault };
  });
}

function shown(value: unknown): string {
  if (value instanceof TrustedProxies || value instanceof AllowedAddresses) return value.toString();
  if (Array.isArray(value)) return value.map(shown).join(', ');
  if (typeof value !== 'string' && !(value instanceof URL)) return JSON.stringify(value ?? null);
  const text = value.toString();
  const url = URL.parse(text);
  if (url === null || (url.username === '' && url.password === '' && url.search === '')) return text;
  // Connection strings: who signs in, and whatever parameters say, is nobody's business.
  return `${url.protocol}//\u2026@${url.host}${url.pathname}`;
}
