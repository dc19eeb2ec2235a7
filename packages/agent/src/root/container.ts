import { RefusalError } from '#root/refusal.ts';
import type { ComposeFacts } from '#root/site.ts';

/** What `docker create` takes to make a container like the one that was inspected, but for its image. */
export interface ContainerPlan {
  readonly flags: readonly string[];
  /** As the container has them: an image's entry point may turn them into other arguments of the node. */
  readonly command: readonly string[];
}

export interface ContainerFacts {
  readonly name: string;
  readonly image: string;
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
}

interface Inspected {
  readonly Name: string;
  readonly Image: string;
  readonly Config: {
    readonly Image: string;
    readonly Env: readonly string[] | null;
    readonly User: string;
    readonly Cmd: readonly string[] | null;
    readonly Labels: Readonly<Record<string, string>> | null;
  };
  readonly HostConfig: {
    readonly NetworkMode: string;
    readonly RestartPolicy: { readonly Name: string; readonly MaximumRetryCount: number };
    readonly PortBindings: Readonly<
      Record<string, readonly { HostIp: string; HostPort: string }[] | null>
    > | null;
    readonly Memory: number;
    readonly NanoCpus: number;
    readonly Ulimits: readonly { Name: string; Soft: number; Hard: number }[] | null;
    readonly Privileged: boolean;
  };
  readonly Mounts: readonly Mount[];
}

/** @throws RefusalError `root_no_node` for a container that could not be made again as it is. */
export function planOf(answer: string): ContainerFacts {
  const [found] = JSON.parse(answer) as readonly (Inspected | undefined)[];
  if (found === undefined) throw new RefusalError('root_no_node', 'docker knows no such container');
  if (found.HostConfig.Privileged)
    throw new RefusalError(
      'root_no_node',
      'the container is privileged: such a one is not made again by a job',
    );
  const labels = found.Config.Labels ?? {};
  return {
    name: found.Name.replace(/^\//, ''),
    image: found.Config.Image,
    plan: { flags: flagsOf(found), command: found.Config.Cmd ?? [] },
    compose: composeOf(labels),
    hostPath: (path) => hostPathOf(found.Mounts, path),
  };
}

function flagsOf({ Config, HostConfig, Mounts }: Inspected): string[] {
  const { NetworkMode, RestartPolicy, PortBindings, Memory, NanoCpus, Ulimits } = HostConfig;
  const retries = RestartPolicy.MaximumRetryCount > 0 ? `:${RestartPolicy.MaximumRetryCount}` : '';
  const ports = Object.entries(PortBindings ?? {}).flatMap(([inside, outside]) =>
    (outside ?? []).flatMap(({ HostIp, HostPort }) => [
      '--publish',
      `${HostIp && `${HostIp}:`}${HostPort}:${inside}`,
    ]),
  );
  return [
    ...['--network', NetworkMode],
    ...(RestartPolicy.Name ? ['--restart', `${RestartPolicy.Name}${retries}`] : []),
    ...(Config.User ? ['--user', Config.User] : []),
    ...(Memory > 0 ? ['--memory', String(Memory)] : []),
    ...(NanoCpus > 0 ? ['--cpus', String(NanoCpus / 1e9)] : []),
    ...(Ulimits ?? []).flatMap(({ Name, Soft, Hard }) => ['--ulimit', `${Name}=${Soft}:${Hard}`]),
    ...(Config.Env ?? []).filter((pair) => !pair.startsWith('PATH=')).flatMap((pair) => ['--env', pair]),
    ...Mounts.flatMap((mount) => ['--volume', volumeOf(mount)]),
    ...ports,
  ];
}

function volumeOf({ Type, Name, Source, Destination, RW }: Mount): string {
  return `${Type === 'volume' && Name ? Name : Source}:${Destination}${RW ? '' : ':ro'}`;
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
