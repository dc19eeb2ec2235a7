import { join } from 'node:path';
import type { Disk } from '@stoa/agent';

/** What `cp -a` does to a data directory, or a snapshot of a machine to all of them. @param target the same path unless given. */
export async function copyTree(from: Disk, to: Disk, path: string, target = path): Promise<void> {
  const facts = await from.stat(path);
  if (facts?.kind === 'file') await to.writeAtomic(target, await from.readFile(path), facts.mode);
  else
    for (const name of await from.list(path)) await copyTree(from, to, join(path, name), join(target, name));
}
