import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from './config.ts';
import { bindServer } from './server.ts';
import { readTlsPair, TlsFiles } from './tls-files.ts';

describe('TLS that the hub ends itself', () => {
  let directory: string;
  const paths = () => ({ cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') });

  /** As a renewal does. */
  function makePair(name: string): void {
    const { cert, key } = paths();
    execFileSync(
      'openssl',
      [
        ...[
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-days',
          '2',
        ],
        ...['-subj', `/CN=${name}`, '-keyout', key, '-out', cert],
      ],
      { stdio: 'ignore' },
    );
  }

  async function nameShownAt(port: number): Promise<string> {
    const socket: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return String(subject.CN);
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stoa-tls-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('shows its certificate, and a renewed one without a restart', async () => {
    makePair('first.example');
    const pair = await readTlsPair(paths());
    const { server, origin } = await bindServer({
      host: '127.0.0.1',
      port: 0,
      maxConnections: 10,
      tls: pair,
    });
    try {
      expect(origin.protocol).toBe('https:');
      expect(await nameShownAt(Number(origin.port))).toBe('first.example');
      if (!('setSecureContext' in server)) throw new Error('the server has no TLS');
      const files = new TlsFiles({ paths: paths(), server, pair });
      makePair('second.example');
      await files.tick();
      expect(await nameShownAt(Number(origin.port))).toBe('second.example');
      // Half of a renewal: the old pair stays in use.
      await writeFile(paths().cert, 'half of a cert');
      await expect(files.tick()).rejects.toThrow(ConfigError);
      expect(await nameShownAt(Number(origin.port))).toBe('second.example');
    } finally {
      server.close();
    }
  });

  it('names the setting whose file can not be used', async () => {
    makePair('third.example');
    await expect(readTlsPair({ ...paths(), key: join(directory, 'missing.pem') })).rejects.toThrow(/TLS_KEY/);
    const { key } = paths();
    const { cert } = await readTlsPair(paths());
    makePair('other.example');
    await writeFile(paths().cert, cert);
    await expect(readTlsPair({ cert: paths().cert, key })).rejects.toThrow(/belongs to the key/);
  });
});
