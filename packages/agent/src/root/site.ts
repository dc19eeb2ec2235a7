import { dirname, join } from 'node:path';
import type { Clock } from '#clock.ts';
import { ownNode } from '#collectors/own-node.ts';
import { type Proc, parseStat } from '#collectors/proc.ts';
import { type ChainwebProcess, optionOf, processCollector } from '#collectors/process.ts';
import type { AgentUser } from '#root/agent-user.ts';
import { imageOf, planOf } from '#root/container.ts';
import type { Look } from '#root/look.ts';
import type { NodeSite } from '#root/node-site.ts';
import { RefusalError } from '#root/refusal.ts';
import type { PinnedNode } from '#root/trust.ts';

export interface SiteDeps {
  readonly proc: Proc;
  readonly clock: Clock;
  readonly agent: AgentUser;
  readonly look: Look;
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
  try {
    return await siteOfProcess(deps, found, signal);
  } catch (error) {
    // Gone while it was looked at, as one that crashes again and again: then none runs.
    if (proc.read(`${found.pid}/stat`) === undefined) return undefined;
    throw error;
  }
}

async function siteOfProcess(
  deps: SiteDeps,
  { pid, supervision }: Pick<ChainwebProcess, 'pid' | 'supervision'>,
  signal: AbortSignal,
): Promise<NodeSite> {
  const { proc } = deps;
  const { kind, name, containerId } = supervision;
  if (kind === 'screen' || kind === 'unknown')
    throw new RefusalError('root_no_node', `chainweb-node can't be controlled: ${NOT_SUPERVISED[kind]}`);
  refuseOthersUnits(proc, pid);
  const raw = ((await proc.readSlow(`${pid}/cmdline`, signal)) ?? '').split('\0').slice(0, -1);
  if (containerId !== undefined) return inspectedSite(containerId, raw, deps.look);
  await requireMainProcess(deps, pid, name);
  return systemdSite(name, raw);
}

/** The agent's own, and the steps of this unit. */
const OWN_UNIT = /^stoa-(agent|step)/;

/**
 * Whoever took the agent over can start a program of any name with any arguments, but not in a container of the engine,
 * nor as the main process of a unit other than the agent's. Units of a user's manager bear names that mean other units to
 * the system's.
 */
function refuseOthersUnits(proc: Proc, pid: number): void {
  const groups = (proc.read(`${pid}/cgroup`) ?? '').split(/[/\n]/);
  const other = groups.find((part) => OWN_UNIT.test(part) || /^user@\d+\.service$/.test(part));
  if (other !== undefined)
    throw new RefusalError('root_no_node', `process ${pid} runs in ${other}: that is no node of this host`);
}

/** cron, and whatever else runs a user's programs under the name of its own unit, has them further down. */
async function requireMainProcess({ proc, agent, look }: SiteDeps, pid: number, unit: string): Promise<void> {
  const uids = /^Uid:\s+(\d+(?:\s+\d+)*)$/m.exec(proc.read(`${pid}/status`) ?? '')?.[1]?.split(/\s+/);
  if (agent.uid !== 0 && (uids === undefined || uids.includes(String(agent.uid))))
    throw new RefusalError(
      'root_no_node',
      `process ${pid} runs as the agent's own user ${agent.uid}: run chainweb-node as another one`,
    );
  const { text } = await look(['systemctl', 'show', '--property=MainPID', '--value', '--', unit]);
  const main = Number(text.trim());
  const parent = parseStat(proc.read(`${pid}/stat`) ?? '')?.parent;
  if (main > 1 && (main === pid || main === parent)) return;
  throw new RefusalError(
    'root_no_node',
    `process ${pid} is not the main process of ${unit}, nor started by it`,
  );
}

function systemdSite(name: string, raw: readonly string[]): NodeSite {
  const [program = '', ...argv] = raw;
  return { supervisor: 'systemd', name, program, argv, ...pathsOf(argv, (path) => path) };
}

async function inspectedSite(containerId: string, raw: readonly string[], look: Look): Promise<NodeSite> {
  const container = await look(['docker', 'inspect', '--type', 'container', '--', containerId]);
  if (container.exitCode !== 0)
    throw new RefusalError('root_no_node', 'docker does not answer for the node’s container');
  const image = await look(['docker', 'inspect', '--type', 'image', '--', imageOf(container.text)]);
  return containerSite(container.text, raw, image.exitCode === 0 ? image.text : undefined);
}

/** @param answer of `docker inspect`; `image` of the same for its image, undefined where that is gone. */
export function containerSite(answer: string, raw: readonly string[], image?: string): NodeSite {
  const plan = planOf(answer, image);
  const onHost = (path: string): string => plan.hostPath(path);
  const { name, program, compose } = plan;
  const argv = raw.slice(1);
  return {
    supervisor: compose === undefined ? 'docker' : 'compose',
    name,
    program,
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
