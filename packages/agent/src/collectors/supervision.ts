import { type Proc, parseStat } from '#collectors/proc.ts';

export type SupervisionKind = 'docker' | 'compose' | 'systemd' | 'screen' | 'unknown';

export interface Supervision {
  readonly kind: SupervisionKind;
  /** Container, unit or session, as its tools know it; '' where it can't be told. */
  readonly name: string;
  /** 64 hex digits, under Docker and Compose. */
  readonly containerId?: string;
}

export interface ContainerFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Undefined where the engine can't be asked. */
export type InspectContainer = (id: string, signal: AbortSignal) => Promise<ContainerFacts | undefined>;

const MOST_ANCESTORS = 32;
const COMPOSE_PROJECT = 'com.docker.compose.project';
const COMPOSE_SERVICE = 'com.docker.compose.service';

/** In the order of domain.md: Docker, Compose, systemd, screen. A container's engine runs under systemd itself. */
export async function findSupervision(
  proc: Proc,
  pid: number,
  inspect: InspectContainer,
  signal: AbortSignal,
): Promise<Supervision> {
  const groups = cgroupPaths(proc.read(`${pid}/cgroup`) ?? '');
  const containerId = groups.map(containerOf).find((id) => id !== undefined);
  if (containerId !== undefined) return describeContainer(containerId, await inspect(containerId, signal));
  const unit = groups.map(unitOf).find((name) => name !== undefined);
  if (unit !== undefined) return { kind: 'systemd', name: unit };
  const session = findScreen(proc, pid);
  return session === undefined ? { kind: 'unknown', name: '' } : { kind: 'screen', name: session };
}

function describeContainer(containerId: string, facts: ContainerFacts | undefined): Supervision {
  const project = facts?.labels[COMPOSE_PROJECT];
  if (facts && project)
    return {
      kind: 'compose',
      name: `${project}/${facts.labels[COMPOSE_SERVICE] ?? facts.name}`,
      containerId,
    };
  return { kind: 'docker', name: facts?.name || containerId.slice(0, 12), containerId };
}

/** Lines are `hierarchy:controllers:path`; a path may hold colons. */
function cgroupPaths(text: string): string[] {
  return text.split('\n').flatMap((line) => /^\d+:[^:]*:(.+)$/.exec(line)?.[1] ?? []);
}

/** docker-ID.scope (systemd driver), /docker/ID (cgroupfs driver), and the like of other engines. */
function containerOf(path: string): string | undefined {
  return /(?:^|[/-])([0-9a-f]{64})(?:\.scope)?(?:\/|$)/.exec(path)?.[1];
}

/** The innermost unit; `user@1000.service` holds a user's whole session and is nobody's supervisor. */
function unitOf(path: string): string | undefined {
  return path
    .split('/')
    .reverse()
    .find((part) => part.endsWith('.service') && !/^user@\d+\.service$/.test(part));
}

/** `SCREEN -S name`, or `SCREEN` with the name in its socket only, among the ancestors. */
function findScreen(proc: Proc, pid: number): string | undefined {
  let current = pid;
  for (let depth = 0; depth < MOST_ANCESTORS && current > 1; depth += 1) {
    if (proc.read(`${current}/comm`)?.trim() === 'screen') {
      const argv = (proc.read(`${current}/cmdline`) ?? '').split('\0');
      const flag = argv.findIndex((argument) => /^-[A-Za-z]*S$/.test(argument));
      return (flag >= 0 && argv[flag + 1]) || String(current);
    }
    current = parseStat(proc.read(`${current}/stat`) ?? '')?.parent ?? 0;
  }
  return undefined;
}
