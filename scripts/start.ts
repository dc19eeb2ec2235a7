/** `npm start`: a hub, its signer, a chain, this machine's agent and simulated neighbours; until Ctrl-C. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLog, defaultDataDirectory } from '@stoa/hub';
import { aborted } from './aborted.ts';
import { launch } from './launch.ts';

const { env } = process;
const NEIGHBOURS = 50;
/** What is made in passing must not slow the first pages. */
const LOW_PRIORITY = 10;

/** Simulated nodes never stand beside real ones: not with a real database, not in production. */
function neighbours(): number {
  return env['DATABASE_URL'] !== undefined || env['NODE_ENV'] === 'production' ? 0 : NEIGHBOURS;
}

function chain(): { serviceUrl: string; p2pUrl: string | undefined; checkpointFile: string } | undefined {
  const serviceUrl = env['CHAINWEB_URL'];
  if (serviceUrl === undefined) return undefined;
  const checkpointFile = env['CHAINWEB_CHECKPOINT'];
  if (checkpointFile === undefined)
    throw new Error(
      'CHAINWEB_URL is set, CHAINWEB_CHECKPOINT is not: make one with `pnpm hub checkpoint $CHAINWEB_URL > checkpoint.json`',
    );
  return { serviceUrl, p2pUrl: env['CHAINWEB_P2P_URL'], checkpointFile };
}

function port(): number {
  const number = Number(env['PORT'] ?? 8700);
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new Error(`PORT='${env['PORT']}' is no port: 0 (any free one) to 65535 expected`);
  return number;
}

async function main(stop: AbortSignal): Promise<void> {
  const log = createLog({ level: env['LOG_LEVEL'] ?? 'warn' });
  const directory = env['DATA_DIR'] || defaultDataDirectory();
  console.log(`Starting the hub; its data is in ${directory} …`);
  await using launched = await launch({
    dataDir: directory,
    host: env['HOST'] ?? '127.0.0.1',
    port: port(),
    databaseUrl: env['DATABASE_URL'],
    chain: chain(),
    neighbours: neighbours(),
    env,
    random: (count) => new Uint8Array(randomBytes(count)),
    log,
  });
  using _agents = makeInstallable(directory);
  console.log(`\n  Console   ${launched.hub.url.origin}`);
  if (launched.loginLink !== undefined)
    console.log(`  Sign in   ${launched.loginLink}\n            (works once, within 24 hours)`);
  else console.log('  Sign in   with the browser you signed in with before; a new link: pnpm hub login-link');
  const beside = launched.world === undefined ? '' : ` and ${NEIGHBOURS} simulated neighbours`;
  console.log(`  Fleet     this machine${beside}`);
  console.log('\n  Ctrl-C stops everything.\n');
  await Promise.race([aborted(stop), launched.broken]);
  console.log('Stopping …');
}

/** The agent for `install.sh`, made and signed beside the running hub: a few seconds the first time, then nothing. */
function makeInstallable(directory: string): Disposable {
  const script = fileURLToPath(new URL('artefact.ts', import.meta.url));
  const to = ['--to', join(directory, 'artefacts'), '--fast', '--development'];
  const sign = ['--sign', join(directory, 'signer'), '--once'];
  const child = spawn(process.execPath, [script, ...to, ...sign], { stdio: ['ignore', 'ignore', 'pipe'] });
  if (child.pid !== undefined) setPriority(child.pid, LOW_PRIORITY);
  const complaint: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => complaint.push(text));
  child.once('close', (code) => {
    if (code !== null && code !== 0)
      console.error(`No agent can be installed from this hub:\n${complaint.join('')}`);
  });
  return { [Symbol.dispose]: () => void child.kill() };
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
try {
  await main(stop.signal);
} catch (error) {
  // A terminal's Ctrl-C reaches children that are still starting too: what fails then was meant to end.
  if (!stop.signal.aborted) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
