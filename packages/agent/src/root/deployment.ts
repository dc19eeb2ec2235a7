import type { ParamValues } from '@stoa/protocol';
import type { RootPaths, StepFacts } from '#root/act.ts';
import { siteOf } from '#root/argument.ts';
import type { Flag } from '#root/container-settings.ts';
import type { NodeSite } from '#root/node-site.ts';
import { RefusalError } from '#root/refusal.ts';
import { SERVICE_FLAGS } from '#root/service-text.ts';
import { UNIT_STOP_SECONDS } from '#root/unit-file.ts';

const NAME = 'stoachain';
const ON_HOST: readonly Flag[] = [
  ['--network', 'host'],
  ['--restart', 'unless-stopped'],
];
/** What a unit has of its own accord, or a service is told; Docker takes all flags. */
const CARRIED: Readonly<Partial<Record<NodeSite['supervisor'], readonly string[]>>> = {
  systemd: [
    ...['--network', '--restart', '--volume', '--publish', '--ulimit', '--cgroupns', '--ipc', '--runtime'],
    ...['--shm-size', '--log-driver'],
  ],
  compose: SERVICE_FLAGS,
};

/** How a node of this network is run (domain.md, Network). */
function canonicalArgv({ params, paths }: StepFacts): string[] {
  const key = String(params['miningPublicKey'] ?? '');
  const mining =
    key === '' ? [] : ['--enable-mining-coordination', `--mining-public-key=${key}`, '--disable-node-mining'];
  return [
    ...['--chainweb-version', 'stoa', '--database-directory', `${paths.chain}/database`],
    ...['--p2p-hostname', String(params['hostname']), '--p2p-port', '1789'],
    ...['--service-port', '1848', '--service-interface', '127.0.0.1'],
    ...['--p2p-max-peer-count', '100', '--p2p-max-session-count', '30'],
    ...['--block-gas-limit', '2000000', '--min-gas-price', '0.00000001'],
    ...['--enable-mempool-p2p', '--full-historic-pact-state', '--allowReadsInLocal', '--disable-private'],
    ...['--backup-directory', `${paths.chain}/backups`, '--enable-backup-api'],
    ...mining,
    ...['+RTS', '-T', '-N', '-RTS'],
  ];
}

/** What a job makes of the node that is here: a new one, one of another program, or one under another supervisor. */
export function nextSite(facts: StepFacts): NodeSite {
  const { kind, params } = facts;
  if (kind === 'stoachain-install') return installed(facts);
  const site = facts.before ?? siteOf(facts);
  const program = programOf(params, facts.paths) ?? site.program;
  if (kind === 'stoachain-upgrade') return upgraded(site, program, params);
  return converted(site, program, facts);
}

function installed(facts: StepFacts): NodeSite {
  const { params, paths } = facts;
  const supervisor = params['supervisor'] as NodeSite['supervisor'];
  requireForm(supervisor, params);
  const argv = canonicalArgv(facts);
  const site = {
    supervisor,
    name: supervisor === 'systemd' ? `${NAME}.service` : NAME,
    program: programOf(params, paths) ?? '',
    argv,
    database: `${paths.chain}/database`,
    backups: `${paths.chain}/backups`,
    certificate: '',
    certificateKey: '',
  };
  if (supervisor === 'systemd') return site;
  const container = {
    flags: [...ON_HOST, ['--volume', `${paths.chain}:${paths.chain}`] as const],
    command: argv,
    lost: [],
  };
  return { ...site, container, ...(supervisor === 'compose' && { compose: ownCompose(paths) }) };
}

function upgraded(site: NodeSite, program: string, params: ParamValues): NodeSite {
  requireForm(site.supervisor, params);
  return { ...site, program };
}

function converted(site: NodeSite, program: string, facts: StepFacts): NodeSite {
  const to = facts.params['to'] as NodeSite['supervisor'];
  if (to === site.supervisor) throw new RefusalError('root_bad_args', `the node runs under ${to} already`);
  const crosses = (to === 'systemd') !== (site.supervisor === 'systemd');
  if (crosses) requireForm(to, facts.params);
  const { compose: _former, ...rest } = site;
  if (to === 'systemd') {
    const { container: _gone, ...bare } = rest;
    return { ...bare, supervisor: to, name: `${NAME}.service`, program, argv: onHost(site) };
  }
  const container = site.container ?? hostContainer(site);
  return {
    ...rest,
    supervisor: to,
    name: NAME,
    program,
    container,
    ...(to === 'compose' && { compose: ownCompose(facts.paths) }),
  };
}

/** The arguments with the paths that the container's mounts give them outside of it. */
function onHost({ argv, database, backups, certificate, certificateKey }: NodeSite): string[] {
  const outside: Readonly<Record<string, string>> = {
    '--database-directory': database,
    '--backup-directory': backups,
    '--p2p-certificate-chain-file': certificate,
    '--p2p-certificate-key-file': certificateKey,
  };
  return argv.map((argument, index) => {
    const [option = '', value] = argument.split('=', 2);
    if (value !== undefined && outside[option]) return `${option}=${outside[option]}`;
    return outside[argv[index - 1] ?? ''] || argument;
  });
}

/** A process of the host in a container: the same paths on both sides. */
function hostContainer({ argv, ...site }: NodeSite): NonNullable<NodeSite['container']> {
  const written = [site.database, site.backups].map((path) => [path, `${path}:${path}`] as const);
  const read = [site.certificate, site.certificateKey].map((path) => [path, `${path}:${path}:ro`] as const);
  const volumes = [...written, ...read]
    .filter(([path]) => path !== '')
    .map(([, volume]): Flag => ['--volume', volume]);
  return { flags: [...ON_HOST, ...volumes], command: argv, lost: [] };
}

/**
 * A container that is made again, or becomes something else, keeps all its settings or stays as it is.
 * @throws RefusalError `root_not_kept` with what would be lost.
 */
export function requireKept({ container, compose, supervisor, name }: NodeSite, facts: StepFacts): void {
  const next = nextSite(facts).supervisor;
  // A service that stays one gets its image from one file more: nothing else of it is touched.
  if (container === undefined || (compose !== undefined && next === supervisor)) return;
  const untold = container.flags.filter((flag) => !carries(next, flag)).map((flag) => flag.join(' '));
  const lost = [...container.lost, ...untold];
  if (lost.length === 0) return;
  throw new RefusalError(
    'root_not_kept',
    `the container ${name} would lose ${lost.join(', ')}: make it again without these, or change it by hand`,
  );
}

function carries(next: NodeSite['supervisor'], [name, value]: Flag): boolean {
  // Out of a network of its own, it would listen where it was not reached before.
  if (next === 'systemd' && name === '--network') return value === 'host';
  // As a service has it that a job has made: a unit waits as long.
  if (next === 'systemd' && name === '--stop-timeout') return Number(value) <= UNIT_STOP_SECONDS;
  return CARRIED[next]?.includes(name) ?? true;
}

function ownCompose({ chain }: RootPaths): NonNullable<NodeSite['compose']> {
  return { project: NAME, service: 'node', directory: chain, files: [`${chain}/compose.yaml`] };
}

/** Code comes in as an image for containers, as a program for systemd; each named by its hash. */
function requireForm(supervisor: NodeSite['supervisor'], params: ParamValues): void {
  const image = params['image'] !== '' && params['image'] !== undefined;
  const tarball = params['sha256'] !== '' && params['sha256'] !== undefined;
  if (supervisor === 'systemd' ? tarball : image) return;
  throw new RefusalError(
    'root_bad_args',
    supervisor === 'systemd'
      ? 'a node under systemd takes a tarball: url and sha256 are needed'
      : `a node under ${supervisor} takes an image by its digest: image is needed`,
  );
}

function programOf(params: ParamValues, { programs }: RootPaths): string | undefined {
  if (params['image']) return String(params['image']);
  if (params['sha256']) return `${programs}/${String(params['sha256'])}/chainweb-node`;
  return undefined;
}
