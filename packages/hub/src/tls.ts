import type { Server as TlsServer } from 'node:https';
import type { Clock } from './clock.ts';
import type { HubConfig } from './config.ts';
import { type Bound, bindServer } from './server.ts';
import { readTlsPair, type TlsEnd, TlsFiles } from './tls-files.ts';

/** Opens the port by the certificate that the configuration names: of files, by ACME, or none where a proxy ends TLS. */
export async function bindTls(
  config: HubConfig,
  clock: Pick<Clock, 'now'>,
): Promise<Bound & { tls: TlsEnd | undefined }> {
  const {
    tlsCert: cert,
    tlsKey: key,
    acmeDirectory: directory,
    acmeEmail: contact,
    publicUrl,
    dataDir,
  } = config;
  if (cert !== undefined && key !== undefined) {
    const paths = { cert, key };
    const pair = await readTlsPair(paths);
    const bound = await bindServer({ ...config, tls: pair });
    return { ...bound, tls: new TlsFiles({ paths, pair, server: bound.server as TlsServer }) };
  }
  if (directory !== undefined && publicUrl !== undefined) {
    // Its libraries are large, and most hubs need none of them.
    const { AcmeCertificate } = await import('./acme/index.ts');
    const bound = await bindServer({ ...config, tls: {} });
    const settings = { directory, contact, dataDir, name: publicUrl.hostname };
    return {
      ...bound,
      tls: await AcmeCertificate.open({ settings, clock, server: bound.server as TlsServer }),
    };
  }
  return { ...(await bindServer(config)), tls: undefined };
}
