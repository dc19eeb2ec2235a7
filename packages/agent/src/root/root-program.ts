import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createDisk } from '#atomic-file.ts';
import { createClock } from '#clock.ts';
import type { Environment } from '#config.ts';
import { describeError } from '#error.ts';
import { openSlotStore } from '#launcher/direct-installer.ts';
import type { Launched } from '#launcher/launched.ts';
import { stayLean } from '#lean-process.ts';
import { activatedSocket } from '#root/listen-fds.ts';
import { pinTrust } from '#root/pin.ts';
import { serveRoot, USUAL_PLACES } from '#root/serve.ts';

export interface RootStart {
  /** Without the program itself. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** Undefined where no launcher started it: then it installs nothing. */
  readonly launched?: Launched;
}

/**
 * The privileged unit: without a command it serves the socket that systemd hands it; `pin --root HEX --region NAME
 * [--data DIR]` writes down whom it obeys. Resolves with the exit code.
 */
export async function runRootProgram({
  argv: [command, ...rest],
  env,
  launched,
}: RootStart): Promise<number> {
  try {
    await (command === 'pin' ? pin(rest, env) : serve(env, launched));
    return 0;
  } catch (error) {
    say(`stoa-agent-root: ${describeError(error).message}`);
    return 1;
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function pin(args: readonly string[], env: Environment): Promise<void> {
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
    chainwebUrl: env['CHAINWEB_URL'] || 'http://127.0.0.1:1848',
    chainwebP2pUrl: env['CHAINWEB_P2P_URL'] || 'https://127.0.0.1:1789',
  });
}

async function serve(env: Environment, launched: Launched | undefined): Promise<void> {
  stayLean();
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const fd = activatedSocket({ env, pid: process.pid });
  const systemd = existsSync('/run/systemd/system');
  await serveRoot({
    socket: { fd },
    places: USUAL_PLACES,
    clock: createClock(),
    systemd,
    log: say,
    signal: stop.signal,
    updateOnly: launched?.updateOnly ?? false,
    ...(launched && {
      slots: (facts) => openSlotStore(launched, facts),
      onServing: () => confirmServing(launched),
    }),
  });
}

/** What this program is for is to serve, so that is its proof of life; a hub is none of its business. */
function confirmServing(launched: Launched): void {
  launched
    .confirm('alone')
    .catch((error: unknown) => say(`stoa-agent-root: ${describeError(error).message}`));
}
