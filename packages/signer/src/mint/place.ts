import { join } from 'node:path';
import { type Disk, readText } from '#disk.ts';
import { SignerError } from '#error.ts';
import type { JournalFiles } from '#journal/hash-chain.ts';
import { type MintConfig, parseMintConfig } from '#mint/config.ts';

export interface MintPlace {
  readonly dir: string;
  readonly disk: Disk;
}

export const MINT_FILES = {
  config: (dir: string): string => join(dir, 'mint.json'),
  /** The first key is 1; the journal says which is in force. */
  key: (dir: string, number: number): string => join(dir, 'keys', `minter-${number}.key`),
  journal: (dir: string): string => join(dir, 'journal'),
  socket: (dir: string): string => join(dir, 'mint.sock'),
} as const;

export function mintJournal({ dir, disk }: MintPlace): JournalFiles {
  return { path: MINT_FILES.journal(dir), disk };
}

/** @throws SignerError `file_missing`, `bad_argument`. */
export async function readMintConfig({ dir, disk }: MintPlace): Promise<MintConfig> {
  const path = MINT_FILES.config(dir);
  const text = await readText(disk, path);
  if (text === undefined)
    throw new SignerError('file_missing', `${path} does not exist: make it with 'signer mint init'`);
  try {
    return parseMintConfig(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof SignerError) throw new SignerError(cause.code, `${path}: ${cause.message}`);
    throw new SignerError('bad_argument', `${path} is no JSON`, { cause });
  }
}
