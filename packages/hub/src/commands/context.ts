import { join } from 'node:path';
import type { HubConfig } from '../config.ts';

/** What a command gets from `main.ts`: nothing below reads the environment or writes to the terminal by itself. */
export interface CommandContext {
  readonly config: HubConfig;
  readonly version: string;
  /** Results, for people or as one JSON object. */
  readonly out: (text: string) => void;
  readonly json: boolean;
  /** For files that are piped in and out, and for questions to a person. */
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** How it is going, of commands that take long. */
  readonly stderr: NodeJS.WriteStream;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

export function paths(config: HubConfig): {
  instanceKey: string;
  instanceChain: string;
  rollingCheckpoint: string;
  vaultKeys: string;
  database: string;
  signerDir: string;
  signerSocket: string;
  mintSignerSocket: string;
} {
  const signerDir = join(config.dataDir, 'signer');
  return {
    instanceKey: join(config.dataDir, 'instance.key'),
    instanceChain: join(config.dataDir, 'instance.chain'),
    rollingCheckpoint: join(config.dataDir, 'rolling-checkpoint.json'),
    vaultKeys: join(config.dataDir, 'vault.key'),
    database: join(config.dataDir, 'postgres'),
    signerDir,
    signerSocket: config.signerSocket ?? join(signerDir, 'signer.sock'),
    mintSignerSocket: config.mintSignerSocket ?? join(config.dataDir, 'minter', 'mint.sock'),
  };
}
