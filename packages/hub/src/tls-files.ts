import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import { ConfigError } from './config.ts';
import type { Task } from './ticker.ts';

export interface TlsPaths {
  /** PEM: the certificate, then its issuers. */
  readonly cert: string;
  readonly key: string;
}

export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** The certificate by which browsers and agents reach the hub where it ends TLS itself. */
export class TlsFiles implements Task {
  readonly name = 'tls-files';
  readonly periodMs = 60_000;
  readonly #paths: TlsPaths;
  readonly #server: Pick<Server, 'setSecureContext'>;
  #used: string;

  constructor(by: { paths: TlsPaths; server: Pick<Server, 'setSecureContext'>; pair: TlsPair }) {
    this.#paths = by.paths;
    this.#server = by.server;
    this.#used = fingerprint(by.pair);
  }

  /** Takes renewed files into use for new connections; half-written ones wait for the next tick. @throws ConfigError */
  async tick(): Promise<void> {
    const pair = await readTlsPair(this.#paths);
    const found = fingerprint(pair);
    if (found === this.#used) return;
    this.#server.setSecureContext(pair);
    this.#used = found;
  }
}

/** @throws ConfigError for files that can't be read, or do not belong together. */
export async function readTlsPair(paths: TlsPaths): Promise<TlsPair> {
  const read = async (setting: 'TLS_CERT' | 'TLS_KEY', path: string) => {
    try {
      return await readFile(path, 'utf8');
    } catch (cause) {
      throw new ConfigError(setting, path, 'a readable PEM file', { cause });
    }
  };
  const [cert, key] = await Promise.all([read('TLS_CERT', paths.cert), read('TLS_KEY', paths.key)]);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw new ConfigError(
      'TLS_CERT',
      paths.cert,
      `a certificate chain that belongs to the key in ${paths.key}`,
      { cause },
    );
  }
  return { cert, key };
}

function fingerprint({ cert, key }: TlsPair): string {
  return createHash('sha256').update(cert).update('\0').update(key).digest('hex');
}
