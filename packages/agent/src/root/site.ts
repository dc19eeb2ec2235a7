import { dirname, join } from 'node:path';
import type { Clock } from '#clock.ts';
import { ownNode } from '#collectors/own-node.ts';
import type { Proc } from '#collectors/proc.ts';
import { optionOf, processCollector } from '#collectors/process.ts';
import { type ContainerPlan, planOf } from '#root/container.ts';
import { RefusalError } from '#root/refusal.ts';
import type { PinnedNode } from '#root/trust.ts';

/** The chainweb-node of this host as root finds it: nothing of it comes from the agent. */
export interface NodeSite {
  readonly supervisor: 'docker' | 'compose' | 'systemd';
  /** Container, or unit with its ending. */
  readonly name: string;
  /** Image or path of the program. */
  readonly program: string;
  /** Without the program. */
  readonly argv: readonly string[];
  /** On the host; '' where the arguments name none. */
  readonly database: string;
  readonly backups: string;
  readonly certificate: string;
  readonly certificateKey: string;
  /** Under Docker and Compose: how to make it again. */
  readonly container?: ContainerPlan;
  readonly compose?: ComposeFacts;
}

export interface ComposeFacts {
  readonly project: string;
  readonly service: string;
  readonly directory: string;
  readonly files: readonly string[];
}

export interface SiteDeps {
  readonly proc: Proc;
  readonly clock: Clock;
  /** Standard output of `docker inspect NAME`, undefined where the engine knows none. */
  readonly inspect: (container: string) => Promise<string | undefined>;
}

const NOT_SUPERVISED = {
  screen:
    'it runs in a screen session, which nothing can restart: run stoachain-convert-supervision by hand first',
  unknown: 'nothing that is known supervises it: put it under Docker, Compose or systemd first',
};

/**
 * The running node that serves the pinned ports; undefined while none runs.
 * @throws RefusalError `root_no_node` for one that nothing here can control.
 */
export async function findSite(
  deps: SiteDeps,
  node: PinnedNode,
  signal: AbortSignal,
): Promise<NodeSite | undefined> {
  const { proc, clock } = deps;
  const collector = processCollector({ proc, clock, inspectContainer: async () => undefined, ...node });
  const found = ownNode(await collector.collect(signal), node);
  if (found === undefined) return undefined;
  const { kind, name, containerId } = found.supervision;
  if (kind === 'screen' || kind === 'unknown')
    throw new RefusalError('root_no_node', `chainweb-node can't be controlled: ${NOT_SUPERVISED[kind]}`);
  const raw = ((await proc.readSlow(`${found.pid}/cmdline`, signal)) ?? '').split('\0').slice(0, -1);
  if (containerId === undefined) return systemdSite(name, raw);
  const answer = await deps.inspect(containerId);
  if (answer === undefined)
    throw new RefusalError('root_no_node', 'docker does not answer for the node’s container');
  return containerSite(answer, raw);
}

function systemdSite(name: string, raw: readonly string[]): NodeSite {
  const [program = '', ...argv] = raw;
  return { supervisor: 'systemd', name, program, argv, ...pathsOf(argv, (path) => path) };
}

/** @param answer of `docker inspect`. */
export function containerSite(answer: string, raw: readonly string[]): NodeSite {
  const plan = planOf(answer);
  const onHost = (path: string): string => plan.hostPath(path);
  const { name, image, compose } = plan;
  const argv = raw.slice(1);
  return {
    supervisor: compose === undefined ? 'docker' : 'compose',
    name,
    program: image,
    argv,
    ...pathsOf(argv, onHost),
    container: plan.plan,
    ...(compose && { compose }),
  };
}

type Paths = Pick<NodeSite, 'database' | 'backups' | 'certificate' | 'certificateKey'>;

function pathsOf(argv: readonly string[], onHost: (path: string) => string): Paths {
  const path = (option: string): string => {
    const value = optionOf(argv, option);
    return value?.startsWith('/') ? onHost(value) : '';
  };
  const database = path('--database-directory');
  return {
    database,
    backups: path('--backup-directory') || (database && join(dirname(database), 'backups')),
    certificate: path('--p2p-certificate-chain-file'),
    certificateKey: path('--p2p-certificate-key-file'),
  };
}
