import type { NodeSite } from '#root/node-site.ts';

/** Compose expands $ in all texts. */
const literal = (word: string): string => word.replaceAll('$', '$$$$');
const list =
  (key: string) =>
  (values: readonly string[]): Service => ({ [key]: values.map(literal) });
const one =
  (key: string) =>
  (values: readonly string[]): Service => ({ [key]: literal(values[0] ?? '') });
const on = (key: string) => (): Service => ({ [key]: true });

type Service = Readonly<Record<string, unknown>>;

const KEYS: Readonly<Record<string, (values: readonly string[]) => Service>> = {
  '--network': one('network_mode'),
  '--restart': one('restart'),
  '--volume': list('volumes'),
  '--env': list('environment'),
  '--publish': list('ports'),
  '--user': one('user'),
  '--label': list('labels'),
  '--workdir': one('working_dir'),
  '--entrypoint': list('entrypoint'),
  '--hostname': one('hostname'),
  '--memory': one('mem_limit'),
  '--memory-reservation': one('mem_reservation'),
  '--memory-swap': one('memswap_limit'),
  '--cpus': one('cpus'),
  '--cpuset-cpus': one('cpuset'),
  '--shm-size': one('shm_size'),
  '--cap-add': list('cap_add'),
  '--cap-drop': list('cap_drop'),
  '--security-opt': list('security_opt'),
  '--group-add': list('group_add'),
  '--add-host': list('extra_hosts'),
  '--dns': list('dns'),
  '--tmpfs': list('tmpfs'),
  '--init': on('init'),
  '--read-only': on('read_only'),
  '--cgroupns': one('cgroup'),
  '--ipc': one('ipc'),
  '--pid': one('pid'),
  '--runtime': one('runtime'),
  '--ulimit': (values) => ({
    ulimits: Object.fromEntries(
      values.map((value) => {
        const [, name = '', soft, hard] = /^(\w+)=(-?\d+):(-?\d+)$/.exec(value) ?? [];
        return [name, { soft: Number(soft), hard: Number(hard) }];
      }),
    ),
  }),
  '--log-driver': ([driver = '']) => ({ logging: { driver } }),
};

/** Flags of `docker create` that a service can be told. */
export const SERVICE_FLAGS: readonly string[] = Object.keys(KEYS);

/** A service of a Compose file like the container. */
export function serviceOf({ program, container }: Pick<NodeSite, 'program' | 'container'>): Service {
  const { flags = [], command = [] } = container ?? {};
  const told = Object.entries(KEYS).flatMap(([flag, tell]) => {
    const given = flags.filter(([name]) => name === flag).map(([, value = '']) => value);
    return given.length === 0 ? [] : [tell(given)];
  });
  return Object.assign(
    { image: program, command: command.map(literal), network_mode: 'host', restart: 'unless-stopped' },
    ...told,
    { stop_grace_period: '2m' },
  ) as Service;
}
