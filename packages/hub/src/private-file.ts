import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HubError } from './error.ts';

/** A file that only its owner may read, and that is whole after any crash. */
export class PrivateFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws HubError `private_file_exposed` where others may read it. */
  async load(): Promise<Uint8Array | undefined> {
    const facts = await stat(this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (facts === undefined) return undefined;
    if ((facts.mode & 0o077) !== 0)
      throw new HubError(
        'private_file_exposed',
        `${this.#path} may be read by others than its owner: chmod 600 it`,
        {
          retry: false,
        },
      );
    return new Uint8Array(await readFile(this.#path));
  }

  async save(bytes: Uint8Array): Promise<void> {
    const directory = dirname(this.#path);
    await mkdir(directory, { recursive: true });
    const file = await open(`${this.#path}.new`, 'w', 0o600);
    try {
      await file.chmod(0o600);
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${this.#path}.new`, this.#path);
    const parent = await open(directory, 'r');
    try {
      await parent.sync();
    } finally {
      await parent.close();
    }
  }
}
