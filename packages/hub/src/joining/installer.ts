import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** `install.sh` as this hub serves it: its own address and chain are baked in, so that nobody is sent elsewhere. */
export interface Installer {
  readonly script: string;
  /** Hex, for whoever compares before running it. */
  readonly sha256: string;
}

/**
 * @param by.origin by which nodes reach the hub: from the configuration, never from a request.
 * @param by.network name of the chainweb that the region's nodes run.
 */
export async function loadInstaller({
  origin,
  network,
}: {
  origin: string;
  network: string;
}): Promise<Installer> {
  const template = await readFile(new URL('./static/install.sh', import.meta.url), 'utf8');
  // Without a quote or a backslash, it can stand between single quotes of a shell.
  if (!/^https?:\/\/[\w.:[\]-]+$/.test(origin)) throw new RangeError(`'${origin}' is no plain origin`);
  if (!/^[a-z0-9-]+$/.test(network))
    throw new RangeError(`CHAINWEB_NETWORK='${network}' is no name of a chainweb: a-z, 0-9 and -`);
  const script = template.replaceAll('@@HUB@@', origin).replaceAll('@@NETWORK@@', network);
  return { script, sha256: createHash('sha256').update(script).digest('hex') };
}
