import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** Set by the production bundle, which carries the program beside it. */
declare const STOA_BUNDLE: true | undefined;

/** What verifies receipts in a browser, as browsers fetch it. */
export interface Program {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** SHA-256, hex: whoever builds the same sources compares it. */
  readonly sha256: string;
}

/** Loaded when somebody first asks: a hub that runs from its sources compiles it then. */
export class ProgramFile {
  #program: Promise<Program> | undefined;

  /** @throws {Error} ENOENT where the installation lacks it; asked again, it is looked for again. */
  load(): Promise<Program> {
    this.#program ??= read().catch((error: unknown) => {
      this.#program = undefined;
      throw error;
    });
    return this.#program;
  }
}

async function read(): Promise<Program> {
  const bytes =
    typeof STOA_BUNDLE === 'undefined'
      ? await (await import('./compile.ts')).compileProgram()
      : new Uint8Array(await readFile(new URL('./static/verify.js', import.meta.url)));
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}
