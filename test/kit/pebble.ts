import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { makeCertificate } from './certificate.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { until } from './until.ts';

/** Let's Encrypt's own test CA, with a DNS in which every name leads to this machine. */
export interface Pebble extends AsyncDisposable {
  readonly directory: string;
  /** PEM: whoever dials the CA must trust it. */
  readonly apiCertificate: string;
  /** PEM, of the certificates that it gives. */
  root(): Promise<string>;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Where it looks for proofs, as a public CA does at 443 and 80; 1 for nowhere. */
export interface ProofPorts {
  readonly tlsPort?: number;
  readonly httpPort?: number;
}

export async function startPebble({ tlsPort = 1, httpPort = 1 }: ProofPorts): Promise<Pebble> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const [api, management, dns, dnsControl] = (await Promise.all([1, 2, 3, 4].map(freePort))) as [
    number,
    number,
    number,
    number,
  ];
  const { cert, key } = makeCertificate({ names: ['localhost', '127.0.0.1'] });
  const file = (name: string) => join(path, name);
  const config = {
    pebble: {
      listenAddress: `127.0.0.1:${api}`,
      managementListenAddress: `127.0.0.1:${management}`,
      ...{ certificate: file('cert.pem'), privateKey: file('key.pem') },
      ...{ tlsPort, httpPort, ocspResponderURL: '', externalAccountBindingRequired: false },
    },
  };
  await writeFile(file('cert.pem'), cert);
  await writeFile(file('key.pem'), key);
  await writeFile(file('pebble.json'), JSON.stringify(config));
  const said: string[] = [];
  const run = (program: string, args: readonly string[], env: Record<string, string> = {}) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => said.push(text));
    stack.defer(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill();
      await once(child, 'exit');
    });
  };
  const off = ['-http01', '', '-https01', '', '-tlsalpn01', ''];
  run('pebble-challtestsrv', [
    ...['-defaultIPv4', '127.0.0.1', '-defaultIPv6', '', '-dns01', `127.0.0.1:${dns}`],
    ...['-management', `127.0.0.1:${dnsControl}`, ...off],
  ]);
  // It refuses one good nonce in twenty, to try its clients: Debian's certbot (2.1) dies of the second in a row.
  const calm = { PEBBLE_VA_NOSLEEP: '1', PEBBLE_AUTHZREUSE: '0', PEBBLE_WFE_NONCEREJECT: '0' };
  run('pebble', ['-config', file('pebble.json'), '-strict', '-dnsserver', `127.0.0.1:${dns}`], calm);
  const get = (url: string) => getText(url, cert);
  const directory = `https://127.0.0.1:${api}/dir`;
  await until('the CA to answer', () =>
    get(directory).then(
      () => true,
      () => false,
    ),
  ).catch((cause: unknown) => {
    throw new Error(`pebble did not start:\n${said.join('')}`, { cause });
  });
  const held = stack.move();
  return {
    directory,
    apiCertificate: cert,
    root: () => get(`https://127.0.0.1:${management}/roots/0`),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function getText(url: string, ca: string): Promise<string> {
  const asked = request(url, { ca, agent: false }).end();
  const [response] = await once(asked, 'response');
  const parts: string[] = [];
  for await (const part of response.setEncoding('utf8')) parts.push(part as string);
  return parts.join('');
}
