import { dirname, posix, resolve } from 'node:path';
import type { AgentUser } from '#root/agent-user.ts';
import type { Look } from '#root/look.ts';
import { RefusalError } from '#root/refusal.ts';

interface PathOwner {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  /** As stat(2) has it, with the bits of the type. */
  readonly mode: number;
  /** Of a link. */
  readonly target: string | undefined;
}

const MOST_LINKS = 16;
const LINK = 0o120000;
const TYPE = 0o170000;
const STICKY = 0o1000;

/**
 * No step may be led elsewhere by a name that the agent's user can exchange while it runs: not by one of these paths, not
 * by a directory above it, not by where a link on the way leads. Access control lists are not looked at.
 * @throws RefusalError `root_no_node`
 */
export async function requireUnexchangeable(
  paths: readonly string[],
  agent: AgentUser,
  look: Look,
): Promise<void> {
  if (agent.uid === 0) return;
  let named = paths;
  for (let links = 0; named.length > 0; links += 1) {
    if (links > MOST_LINKS) throw new RefusalError('root_no_node', `${named.join(', ')}: too many links`);
    const owners = await ownersOf([...new Set(named.flatMap(withAncestors))], look);
    // Names beside the path are used too.
    const near = new Set(named.flatMap((path) => [path, dirname(path)]));
    const exchangeable = owners.find((owner) => mayExchange(owner, agent, near.has(owner.path)));
    if (exchangeable !== undefined)
      throw new RefusalError(
        'root_no_node',
        `the agent's user may write ${exchangeable.path}: keep what belongs to the node where only root and the node can`,
      );
    named = named.flatMap((path) => followed(path, owners));
  }
}

/** What does not exist is left out. */
async function ownersOf(paths: readonly string[], look: Look): Promise<PathOwner[]> {
  const { text } = await look([
    ...(['env', 'QUOTING_STYLE=literal', 'stat', '--format=%u %g %f %N', '--'] as const),
    ...paths,
  ]);
  const owners = text.split('\n').flatMap((line): PathOwner[] => {
    const [, uid, gid, mode = '', rest = ''] = /^(\d+) (\d+) ([0-9a-f]+) (.+)$/.exec(line) ?? [];
    const path = paths.find((one) => rest === one || rest.startsWith(`${one} -> `));
    if (path === undefined) return [];
    const target = rest === path ? undefined : rest.slice(path.length + ' -> '.length);
    return [{ path, uid: Number(uid), gid: Number(gid), mode: Number.parseInt(mode, 16), target }];
  });
  if (owners.length > 0) return owners;
  throw new RefusalError('root_no_node', `whose ${paths[0]} is can't be told`);
}

function withAncestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...withAncestors(parent), path];
}

/** Where the first link on the way to the path leads; none where there is no link. */
function followed(path: string, owners: readonly PathOwner[]): string[] {
  const all = withAncestors(path);
  const link = owners.find((owner) => owner.target !== undefined && all.includes(owner.path));
  if (link?.target === undefined) return [];
  if (posix.normalize(link.target) !== link.target)
    throw new RefusalError('root_no_node', `the link ${link.path} leads on a crooked way ('${link.target}')`);
  return [resolve(dirname(link.path), link.target) + path.slice(link.path.length)];
}

function mayExchange({ uid, gid, mode }: PathOwner, agent: AgentUser, near: boolean): boolean {
  if (uid === agent.uid) return true;
  if ((mode & TYPE) === LINK) return false;
  const writes = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && agent.gids.has(gid));
  // In a sticky directory nobody takes away what is another's, but anybody may put something beside it.
  return writes && ((mode & STICKY) === 0 || near);
}
