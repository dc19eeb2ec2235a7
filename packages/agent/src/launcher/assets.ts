import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getRawAsset, isSea } from 'node:sea';
import { ASSET } from '#launcher/layout.ts';

export interface Assets {
  readonly root: Uint8Array;
  readonly factory: Uint8Array;
}

/** Out of the executable itself; beside the program where that is a script. */
export function readAssets(directory: string): Assets {
  const read = (name: string): Uint8Array =>
    isSea() ? new Uint8Array(getRawAsset(name) as ArrayBuffer) : readFileSync(join(directory, name));
  return { root: read(ASSET.root), factory: read(ASSET.factory) };
}
