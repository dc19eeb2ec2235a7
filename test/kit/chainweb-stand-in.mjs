/**
 * Behaves as chainweb-node does towards its host: arguments, database directory, certificate files, backup API. What it
 * serves of a chain is that of the simulator behind it.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';

// By this name agents find it; the engine has given its main thread another.
writeFileSync('/proc/self/comm', 'chainweb-node');

const option = (name) => process.argv[process.argv.indexOf(name) + 1];
const database = option('--database-directory');
const backups = option('--backup-directory');
const rocks = join(database, '0/rocksDb');
mkdirSync(rocks, { recursive: true });
mkdirSync(join(database, '0/sqliteDb'), { recursive: true });
if (!existsSync(join(rocks, 'CURRENT'))) writeFileSync(join(rocks, 'CURRENT'), 'made by the stand-in\n');

function forward(upstream) {
  return (incoming, outgoing) => {
    const target = new URL(incoming.url, upstream);
    const through = request(target, { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    through.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(through);
  };
}

function backUp() {
  const name = String(Date.now() * 1000);
  cpSync(join(database, '0/rocksDb'), join(backups, name, '0/rocksDb'), { recursive: true });
  cpSync(join(database, '0/sqliteDb'), join(backups, name, '0/sqlite'), { recursive: true });
  writeFileSync(join(backups, name, 'status'), 'backup-done');
  return name;
}

const service = forward(option('--upstream-service'));
createServer((incoming, outgoing) => {
  const backup = /\/(make-backup|check-backup)(?:\/(\d+))?/.exec(incoming.url);
  if (backup === null) return service(incoming, outgoing);
  if (backup[1] === 'make-backup') return outgoing.writeHead(202).end(backUp());
  return outgoing.end(readFileSync(join(backups, backup[2], 'status')));
}).listen(Number(option('--service-port')), '127.0.0.1');

// A node that can't work with a certificate that was just exchanged.
const certificate = option('--p2p-certificate-chain-file');
if (
  existsSync('/run/refuse-new-certificate') &&
  existsSync(`${certificate}.before`) &&
  !readFileSync(certificate).equals(readFileSync(`${certificate}.before`))
)
  process.exit(1);

const tls = {
  cert: readFileSync(option('--p2p-certificate-chain-file')),
  key: readFileSync(option('--p2p-certificate-key-file')),
};
createSecureServer(tls, forward(option('--upstream-p2p'))).listen(Number(option('--p2p-port')), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
