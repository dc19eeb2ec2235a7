import { join } from 'node:path';
import type { Disk } from '@stoa/agent';

/** What `cp -a` does to a data directory, or a snapshot of a machine to all of them. */
export async function copyTree(from: Disk, to: Disk, path: string): Promise<void> {
  const facts = await from.stat(path);
  if (facts?.kind === 'file') await to.writeAtomic(path, await from.readFile(path), facts.mode);
  else for (const name of await from.list(path)) await copyTree(from, to, join(path, name));
}
