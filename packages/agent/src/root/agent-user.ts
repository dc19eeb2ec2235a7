import type { Disk } from '#disk.ts';
import { readText } from '#disk.ts';
import { RefusalError } from '#root/refusal.ts';

/** Who may open the socket. uid 0 where the agent runs as root: then nothing is between the two. */
export interface AgentUser {
  readonly uid: number;
  readonly gids: ReadonlySet<number>;
}

/** By the owner of the socket, whom only root can choose. @throws RefusalError `root_not_pinned` */
export async function readAgentUser(
  disk: Disk,
  {
    socket,
    passwd = '/etc/passwd',
    group = '/etc/group',
  }: { socket: string; passwd?: string; group?: string },
): Promise<AgentUser> {
  const stat = await disk.stat(socket);
  if (stat === undefined)
    throw new RefusalError('root_not_pinned', `whose unit this is can't be told: there is no ${socket}`);
  const { uid } = stat;
  const [name = '', , , gid] = (await rows(disk, passwd)).find((row) => row[2] === String(uid)) ?? [];
  const member = (await rows(disk, group)).filter(([, , , members = '']) =>
    members.split(',').includes(name),
  );
  const gids = [gid, ...member.map(([, , id]) => id)].filter((id) => id !== undefined);
  return { uid, gids: new Set(gids.map(Number)) };
}

async function rows(disk: Disk, path: string): Promise<string[][]> {
  return ((await readText(disk, path)) ?? '').split('\n').map((line) => line.split(':'));
}
