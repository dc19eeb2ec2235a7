/** A flag of `docker create`. */
export type Flag = readonly [name: string, ...value: string[]];

/** What the engine says of a container's settings, as far as they come to flags, and what no flag here says. */
export interface Settings {
  readonly flags: readonly Flag[];
  /** Names of settings that would be lost if the container were made again. */
  readonly lost: readonly string[];
}

type Keep = (value: unknown, name: string) => Flag[];

const one =
  (flag: string): Keep =>
  (value) => [[flag, String(value)]];
const each =
  (flag: string): Keep =>
  (value) =>
    (value as readonly unknown[]).map((item) => [flag, String(item)]);
const pairs =
  (flag: string, between = '='): Keep =>
  (value) =>
    Object.entries(value as Record<string, unknown>).map(([key, item]) => [
      flag,
      item === '' ? key : `${key}${between}${String(item)}`,
    ]);
const bare =
  (flag: string): Keep =>
  () => [[flag]];
const nothing: Keep = () => [];

/** `HostConfig`: everything is the container's own. What stands in neither table is lost unless it is empty. */
const HOST: Readonly<Record<string, Keep>> = {
  NetworkMode: one('--network'),
  RestartPolicy: (value) => {
    const { Name, MaximumRetryCount } = value as { Name: string; MaximumRetryCount: number };
    return Name ? [['--restart', MaximumRetryCount > 0 ? `${Name}:${MaximumRetryCount}` : Name]] : [];
  },
  Memory: one('--memory'),
  MemoryReservation: one('--memory-reservation'),
  MemorySwap: one('--memory-swap'),
  NanoCpus: (value) => [['--cpus', String(Number(value) / 1e9)]],
  CpuShares: one('--cpu-shares'),
  CpusetCpus: one('--cpuset-cpus'),
  CpusetMems: one('--cpuset-mems'),
  Ulimits: (value) =>
    (value as readonly { Name: string; Soft: number; Hard: number }[]).map(({ Name, Soft, Hard }) => [
      '--ulimit',
      `${Name}=${Soft}:${Hard}`,
    ]),
  PidsLimit: one('--pids-limit'),
  OomScoreAdj: one('--oom-score-adj'),
  ShmSize: one('--shm-size'),
  CapAdd: each('--cap-add'),
  CapDrop: each('--cap-drop'),
  SecurityOpt: each('--security-opt'),
  GroupAdd: each('--group-add'),
  ReadonlyRootfs: bare('--read-only'),
  Init: bare('--init'),
  Sysctls: pairs('--sysctl'),
  Tmpfs: pairs('--tmpfs', ':'),
  ExtraHosts: each('--add-host'),
  Dns: each('--dns'),
  DnsSearch: each('--dns-search'),
  DnsOptions: each('--dns-option'),
  CgroupnsMode: one('--cgroupns'),
  CgroupParent: one('--cgroup-parent'),
  IpcMode: one('--ipc'),
  PidMode: one('--pid'),
  UTSMode: one('--uts'),
  UsernsMode: one('--userns'),
  Runtime: one('--runtime'),
  LogConfig: (value) => {
    const { Type, Config } = value as { Type: string; Config: unknown };
    return Type ? [['--log-driver', Type], ...pairs('--log-opt')(Config ?? {}, 'LogConfig')] : [];
  },
  PortBindings: (value) =>
    Object.entries(value as Record<string, readonly { HostIp: string; HostPort: string }[] | null>).flatMap(
      ([inside, outside]) =>
        (outside ?? []).map(
          ({ HostIp, HostPort }): Flag => ['--publish', `${HostIp && `${HostIp}:`}${HostPort}:${inside}`],
        ),
    ),
  // Told by the container's mounts as well.
  Binds: nothing,
  // By the engine itself, or of another system.
  ContainerIDFile: nothing,
  ConsoleSize: nothing,
  MaskedPaths: nothing,
  ReadonlyPaths: nothing,
  Isolation: nothing,
};

/** `Config`: what differs from the image's is the container's own; the rest comes with the next image. */
const OWN: Readonly<Record<string, Keep>> = {
  User: one('--user'),
  WorkingDir: one('--workdir'),
  Domainname: one('--domainname'),
  MacAddress: one('--mac-address'),
  StopSignal: one('--stop-signal'),
  StopTimeout: one('--stop-timeout'),
  Tty: bare('--tty'),
  OpenStdin: bare('--interactive'),
  Labels: pairs('--label'),
  Env: each('--env'),
  // Told elsewhere, of no account to a container that nobody is attached to, or for building images.
  ...Object.fromEntries(
    [
      ...['Image', 'Cmd', 'Entrypoint', 'Hostname', 'Volumes', 'ExposedPorts'],
      ...['AttachStdin', 'AttachStdout', 'AttachStderr', 'StdinOnce', 'OnBuild', 'Shell', 'ArgsEscaped'],
    ].map((name) => [name, nothing]),
  ),
};

export function hostSettings(host: Readonly<Record<string, unknown>>): Settings {
  return settingsOf(HOST, host);
}

export function ownSettings(
  config: Readonly<Record<string, unknown>>,
  image: Readonly<Record<string, unknown>>,
): Settings {
  const own = Object.entries(config).map(([name, value]) => [name, ownPart(value, image[name])]);
  return settingsOf(OWN, Object.fromEntries(own));
}

function settingsOf(
  table: Readonly<Record<string, Keep>>,
  found: Readonly<Record<string, unknown>>,
): Settings {
  const set = Object.entries(found).filter(([, value]) => !isEmpty(value));
  // In the table's order, so that what comes of it is the same with each version of the engine.
  const flags = Object.entries(table).flatMap(([name, keep]) =>
    isEmpty(found[name]) ? [] : keep(found[name], name),
  );
  return { flags, lost: set.map(([name]) => name).filter((name) => !Object.hasOwn(table, name)) };
}

/** Of lists and objects, what the image's does not hold. */
function ownPart(value: unknown, image: unknown): unknown {
  if (JSON.stringify(value) === JSON.stringify(image)) return undefined;
  if (Array.isArray(value) && Array.isArray(image)) return value.filter((item) => !image.includes(item));
  if (!isRecord(value) || !isRecord(image)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key, item]) => image[key] !== item));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As engines write what was not set; -1 is how older ones did. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === -1 || value === false)
    return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
