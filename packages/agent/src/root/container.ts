import { type Flag, hostSettings, isEmpty, ownSettings } from '#root/container-settings.ts';
import { RefusalError } from '#root/refusal.ts';

/** What `docker create` takes to make a container like the one that was inspected, but for its image. */
export interface ContainerPlan {
  readonly flags: readonly Flag[];
  /** As the container has them: an image's entry point may turn them into other arguments of the node. */
  readonly command: readonly string[];
  /** Settings that it could not be given again. */
  readonly lost: readonly string[];
}

export interface ComposeFacts {
  readonly project: string;
  readonly service: string;
  readonly directory: string;
  readonly files: readonly string[];
}

export interface ContainerFacts {
  readonly name: string;
  /** The image, as it was named. */
  readonly program: string;
  readonly plan: ContainerPlan;
  readonly compose: ComposeFacts | undefined;
  /** '' for a path that no mount of the host holds. */
  hostPath(path: string): string;
}

interface Mount {
  readonly Type: string;
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  readonly RW: boolean;
  readonly Mode?: string;
  readonly Propagation?: string;
}

type Settings = Readonly<Record<string, unknown>>;

interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly Config: Settings & {
    readonly Image: string;
    readonly Hostname?: string;
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd: readonly string[] | null;
    readonly Labels: Readonly<Record<string, string>> | null;
  };
  readonly HostConfig: Settings & {
    readonly NetworkMode: string;
    readonly Privileged: boolean;
    readonly Tmpfs?: Settings;
    readonly Mounts?: readonly Settings[];
  };
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, Settings>> | null };
  readonly Mounts: readonly Mount[];
}

/** Id of the image that it was made of. */
export function imageOf(answer: string): string {
  return inspected(answer).Image;
}

/**
 * @param answer of `docker inspect`; `image` of the same for the image: without it all settings count as the container's own.
 * @throws RefusalError `root_no_node` for one that no job makes again.
 */
export function planOf(answer: string, image?: string): ContainerFacts {
  const found = inspected(answer);
  if (found.HostConfig.Privileged)
    throw new RefusalError(
      'root_no_node',
      'the container is privileged: such a one is not made again by a job',
    );
  const ofImage = image === undefined ? {} : (inspected(image).Config as Settings);
  const labels = found.Config.Labels ?? {};
  return {
    name: found.Name.replace(/^\//, ''),
    program: found.Config.Image,
    plan: containerPlan(found, ofImage),
    compose: composeOf(labels),
    hostPath: (path) => hostPathOf(found.Mounts, path),
  };
}

function inspected(answer: string): Inspected {
  const [found] = JSON.parse(answer) as readonly (Inspected | undefined)[];
  if (found !== undefined) return found;
  throw new RefusalError('root_no_node', 'docker knows no such container');
}

function containerPlan(found: Inspected, image: Settings): ContainerPlan {
  const { Config, HostConfig, Mounts } = found;
  const { Mounts: _told, ...hostConfig } = HostConfig;
  const host = hostSettings(hostConfig);
  const own = ownSettings(ownConfig(Config), image);
  const entry =
    JSON.stringify(Config.Entrypoint) === JSON.stringify(image['Entrypoint']) ? [] : Config.Entrypoint;
  const [entryPoint, ...before] = entry ?? [];
  const binds = Mounts.filter(({ Type }) => Type === 'bind' || Type === 'volume');
  return {
    flags: [
      ...host.flags,
      ...own.flags,
      ...(entryPoint === undefined ? [] : [['--entrypoint', entryPoint] as const]),
      ...hostNameOf(found),
      ...binds.map((mount): Flag => ['--volume', volumeOf(mount)]),
    ],
    command: [...before, ...(Config.Cmd ?? [])],
    lost: [...host.lost, ...own.lost, ...mountsLost(found), ...networksLost(found)],
  };
}

/** Without the search path, of which the next image brings its own, and what would make it a service of a project. */
function ownConfig(config: Inspected['Config']): Settings {
  const env = (config['Env'] ?? []) as readonly string[];
  const labels = Object.entries(config.Labels ?? {}).filter(
    ([name]) => !name.startsWith('com.docker.compose.'),
  );
  return {
    ...config,
    Env: env.filter((pair) => !pair.startsWith('PATH=')),
    Labels: Object.fromEntries(labels),
  };
}

/** The engine's own choice is the beginning of the container's id, or the host's name where it has the host's network. */
function hostNameOf({ Id, Config, HostConfig }: Inspected): Flag[] {
  const { Hostname = '' } = Config;
  const chosen = Hostname === '' || HostConfig.NetworkMode === 'host' || Id.startsWith(Hostname);
  return chosen ? [] : [['--hostname', Hostname]];
}

function mountsLost({ HostConfig, Mounts }: Inspected): string[] {
  const tmpfs = HostConfig.Tmpfs ?? {};
  const kinds = Mounts.filter(({ Type, Destination }) =>
    Type === 'tmpfs' ? !Object.hasOwn(tmpfs, Destination) : Type !== 'bind' && Type !== 'volume',
  ).map(({ Type, Destination }) => `${Type} mount ${Destination}`);
  const options = (HostConfig.Mounts ?? []).flatMap((mount) =>
    Object.keys(mount)
      .filter((name) => name.endsWith('Options') && !isEmpty(mount[name]))
      .map((name) => `${name} of the mount ${String(mount['Target'])}`),
  );
  return [...kinds, ...options];
}

function networksLost({ HostConfig, NetworkSettings }: Inspected): string[] {
  const mode = HostConfig.NetworkMode === 'default' ? 'bridge' : HostConfig.NetworkMode;
  return Object.entries(NetworkSettings?.Networks ?? {}).flatMap(([name, network]) => {
    if (name !== mode) return [`network ${name}`];
    return isEmpty(network['IPAMConfig']) ? [] : [`address in the network ${name}`];
  });
}

function volumeOf({ Type, Name, Source, Destination, RW, Mode = '', Propagation = '' }: Mount): string {
  const labels = Mode.split(',').filter((word) => /^[zZ]$/.test(word));
  const shared = /^(|r?private)$/.test(Propagation) ? [] : [Propagation];
  const options = [...(RW ? [] : ['ro']), ...labels, ...shared].join(',');
  return `${Type === 'volume' && Name ? Name : Source}:${Destination}${options && `:${options}`}`;
}

function hostPathOf(mounts: readonly Mount[], path: string): string {
  const [deepest] = mounts
    .filter(
      ({ Destination }) => path === Destination || path.startsWith(`${Destination.replace(/\/$/, '')}/`),
    )
    .toSorted((a, b) => b.Destination.length - a.Destination.length);
  return deepest === undefined
    ? ''
    : deepest.Source + path.slice(deepest.Destination.replace(/\/$/, '').length);
}

function composeOf(labels: Readonly<Record<string, string>>): ComposeFacts | undefined {
  const project = labels['com.docker.compose.project'];
  if (project === undefined) return undefined;
  return {
    project,
    service: labels['com.docker.compose.service'] ?? '',
    directory: labels['com.docker.compose.project.working_dir'] ?? '/',
    files: (labels['com.docker.compose.project.config_files'] ?? '').split(',').filter((file) => file !== ''),
  };
}
