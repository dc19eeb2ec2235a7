import { createHash, X509Certificate } from 'node:crypto';
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

/** How the hub ends TLS itself: keeps its certificate in force. */
export interface TlsEnd extends Task {
  /** As alerts judge it; empty while there is no certificate. */
  readonly expiries: readonly { readonly name: string; readonly notAfter: number; readonly warnMs: number }[];
  close?(): void;
}

/** Who renews files by hand or by a tool of their own needs days to look at it. */
const WARN_MS = 14 * 24 * 3_600_000;

/** The certificate by which browsers and agents reach the hub, from files that somebody else renews. */
export class TlsFiles implements TlsEnd {
  readonly name = 'tls-files';
  readonly periodMs = 60_000;
  readonly #paths: TlsPaths;
  readonly #server: Pick<Server, 'setSecureContext'>;
  #used: string;
  #notAfter: number;

  constructor(by: { paths: TlsPaths; server: Pick<Server, 'setSecureContext'>; pair: TlsPair }) {
    this.#paths = by.paths;
    this.#server = by.server;
    this.#used = fingerprint(by.pair);
    this.#notAfter = certificateLife(by.pair.cert).notAfter;
  }

  get expiries(): TlsEnd['expiries'] {
    return [{ name: `TLS certificate in ${this.#paths.cert}`, notAfter: this.#notAfter, warnMs: WARN_MS }];
  }

  /** Takes renewed files into use for new connections; half-written ones wait for the next tick. @throws ConfigError */
  async tick(): Promise<void> {
    const pair = await readTlsPair(this.#paths);
    const found = fingerprint(pair);
    if (found === this.#used) return;
    this.#server.setSecureContext(pair);
    this.#used = found;
    this.#notAfter = certificateLife(pair.cert).notAfter;
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

/** Of the first certificate in it, milliseconds since 1970. */
export function certificateLife(pem: string): { notBefore: number; notAfter: number } {
  const { validFromDate, validToDate } = new X509Certificate(pem);
  return { notBefore: validFromDate.getTime(), notAfter: validToDate.getTime() };
}

function fingerprint({ cert, key }: TlsPair): string {
  return createHash('sha256').update(cert).update('\0').update(key).digest('hex');
}
