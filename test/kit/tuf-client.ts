import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Updater } from 'tuf-js';

/** A TUF client as others wrote it, which refreshes from what a hub serves. */
export class TufClient {
  readonly #directory: string;
  readonly #origin: string;

  private constructor(directory: string, origin: string) {
    this.#directory = directory;
    this.#origin = origin;
  }

  /** @param by.directory of its own: keeps what was seen, as a node does. */
  static async open(by: { directory: string; origin: string; root: Uint8Array }): Promise<TufClient> {
    await mkdir(by.directory, { recursive: true });
    await writeFile(join(by.directory, 'root.json'), by.root);
    return new TufClient(by.directory, by.origin);
  }

  /** Refreshes as TUF 5 has it, and fetches the target. Rejects where anything does not hold. */
  async fetch(path: string): Promise<Uint8Array | undefined> {
    const updater = new Updater({
      metadataDir: this.#directory,
      metadataBaseUrl: `${this.#origin}/releases/metadata`,
      targetDir: this.#directory,
      targetBaseUrl: `${this.#origin}/releases/targets`,
      config: { fetchTimeout: 20_000 },
    });
    const target = await updater.getTargetInfo(path);
    if (target === undefined) return undefined;
    const answer = await fetch(`${this.#origin}/releases/targets/${target.hashes['sha256']}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    await target.verify(Readable.from([Buffer.from(bytes)]));
    return bytes;
  }
}
