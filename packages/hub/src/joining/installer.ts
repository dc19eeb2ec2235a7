import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** `install.sh` as this hub serves it: its own address is baked in, so that nobody is sent elsewhere. */
export interface Installer {
  readonly script: string;
  /** Hex, for whoever compares before running it. */
  readonly sha256: string;
}

/** @param origin by which nodes reach the hub: from the configuration, never from a request. */
export async function loadInstaller(origin: string): Promise<Installer> {
  const template = await readFile(new URL('./static/install.sh', import.meta.url), 'utf8');
  // Without a quote or a backslash, it can stand between single quotes of a shell.
  if (!/^https?:\/\/[\w.:[\]-]+$/.test(origin)) throw new RangeError(`'${origin}' is no plain origin`);
  const script = template.replaceAll('@@HUB@@', origin);
  return { script, sha256: createHash('sha256').update(script).digest('hex') };
}
