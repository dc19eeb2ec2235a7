/**
 * The privileged unit, a program of its own: `stoa-agent-root` serves the socket that systemd hands it;
 * `stoa-agent-root pin --root HEX --region NAME [--data DIR]` writes down whom it obeys.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createDisk } from '#atomic-file.ts';
import { createClock } from '#clock.ts';
import { describeError } from '#error.ts';
import { stayLean } from '#lean-process.ts';
import { activatedSocket } from '#root/listen-fds.ts';
import { pinTrust } from '#root/pin.ts';
import { serveRoot, USUAL_PLACES } from '#root/serve.ts';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function pin(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      root: { type: 'string' },
      region: { type: 'string' },
      data: { type: 'string', default: '/var/lib/stoa-agent' },
      config: { type: 'string', default: USUAL_PLACES.config },
    },
  });
  if (values.root === undefined || values.region === undefined)
    throw new RangeError('pin takes --root and --region');
  await pinTrust(createDisk(), values.config, {
    rootFingerprint: values.root,
    region: values.region,
    dataDir: values.data,
    chainwebUrl: process.env['CHAINWEB_URL'] || 'http://127.0.0.1:1848',
    chainwebP2pUrl: process.env['CHAINWEB_P2P_URL'] || 'https://127.0.0.1:1789',
  });
}

async function serve(): Promise<void> {
  stayLean();
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const fd = activatedSocket({ env: process.env, pid: process.pid });
  const systemd = existsSync('/run/systemd/system');
  await serveRoot({ fd, places: USUAL_PLACES, clock: createClock(), systemd, log: say, signal: stop.signal });
}

const [command, ...rest] = process.argv.slice(2);
(command === 'pin' ? pin(rest) : serve()).then(
  () => process.exit(0),
  (error: unknown) => {
    say(`stoa-agent-root: ${describeError(error).message}`);
    process.exit(1);
  },
);
