import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { toHex } from '@stoa/protocol';
import { isSignerErrorCode, SignerError } from '#error.ts';

/** As `signer development --json` prints it; byte strings are hex. */
export interface CeremonyReport {
  /** False where the keys were there before. */
  readonly created: boolean;
  readonly region: string;
  readonly root: string;
  readonly rootFingerprint: string;
  /** Where each key is, and where it belongs in production. */
  readonly places: readonly { readonly key: string; readonly path: string; readonly belongs: string }[];
}

export interface CeremonyOptions {
  readonly dir: string;
  readonly region: string;
  readonly instances?: readonly { instance: string; publicKey: Uint8Array }[];
  /** Program and first arguments of the signer; by default its sources under this Node. */
  readonly command?: readonly string[];
}

export interface StartOptions {
  readonly dir: string;
  readonly socketPath: string;
  readonly command?: readonly string[];
  /** Told when it ends without `stop`: the fleet cannot enrol or renew until it is back. */
  readonly onExit?: (reason: string) => void;
  /** For a holder of the directory that is about to go, since its parent was killed; none unless given. */
  readonly patience?: Patience;
}

export interface Patience {
  readonly ms: number;
  /** Milliseconds, from any beginning. */
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<unknown>;
}

export interface SignerProcess {
  readonly socketPath: string;
  readonly pid: number;
  /** Idempotent. Resolves when the process is gone. */
  stop(): Promise<void>;
}

/**
 * The development ceremony, in a process of its own. Idempotent.
 * @throws SignerError with the signer's own code and words.
 */
export async function initDevelopmentSigner(options: CeremonyOptions): Promise<CeremonyReport> {
  const { dir, region, instances = [] } = options;
  const registrations = instances.flatMap(({ instance, publicKey }) => [
    '--instance',
    `${instance}=${toHex(publicKey)}`,
  ]);
  const child = spawnSigner(options.command, [
    'development',
    '--dir',
    dir,
    '--region',
    region,
    ...registrations,
  ]);
  child.stdin?.end();
  const [output, complaint] = await Promise.all([text(child.stdout!), text(child.stderr!), endOf(child)]);
  if (child.exitCode === 0) return JSON.parse(output) as CeremonyReport;
  throw complaintError(complaint, `the key ceremony in ${dir} failed`);
}

/**
 * Starts `signer serve` for a development directory and waits until it serves. It ends with this process, however that
 * ends: it reads a pipe that only this process holds open.
 * @throws SignerError with the signer's own code and words: `directory_in_use` where patience ran out.
 */
export function startSigner(options: StartOptions): Promise<SignerProcess> {
  return startDaemon(['serve'], options);
}

/** As `startSigner`, for the minter's signer: its directory holds `unlock.key`. */
export function startMintSigner(options: StartOptions): Promise<SignerProcess> {
  return startDaemon(['mint', 'serve'], options);
}

const ASK_AGAIN_MS = 200;

async function startDaemon(serve: readonly string[], options: StartOptions): Promise<SignerProcess> {
  const { patience } = options;
  if (patience === undefined) return tryDaemon(serve, options);
  const until = patience.now() + patience.ms;
  for (;;) {
    try {
      return await tryDaemon(serve, options);
    } catch (error) {
      const held = error instanceof SignerError && error.code === 'directory_in_use';
      if (!held || patience.now() >= until) throw error;
    }
    await patience.pause(ASK_AGAIN_MS);
  }
}

async function tryDaemon(
  serve: readonly string[],
  { dir, socketPath, command, onExit }: StartOptions,
): Promise<SignerProcess> {
  const child = spawnSigner(command, [...serve, '--dir', dir, '--socket', socketPath, '--until-stdin-ends']);
  const complaint = new Tail();
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => complaint.add(chunk));
  const closed = endOf(child);
  const lines = createInterface({ input: child.stdout! });
  const ready = await Promise.race([once(lines, 'line').then(() => true), closed.then(() => false)]);
  if (!ready) throw complaintError(complaint.text, `the signer in ${dir} did not start`);
  let stopping = false;
  const tell = (): void => {
    if (!stopping) onExit?.(complaint.text.trim() || `ended with ${child.signalCode ?? child.exitCode}`);
  };
  closed.then(tell, tell);
  return {
    socketPath,
    pid: child.pid!,
    async stop() {
      stopping = true;
      child.kill('SIGTERM');
      await closed;
    },
  };
}

/** Set by the production bundles, which lie side by side. */
declare const STOA_BUNDLE: true | undefined;

const SIGNER = typeof STOA_BUNDLE === 'undefined' ? '../main.ts' : './stoa-signer.mjs';

export function spawnSigner(
  command: readonly string[] | undefined,
  args: readonly string[],
  stdin: 'pipe' | 'inherit' = 'pipe',
): ChildProcess {
  const [program, ...first] = command ?? [process.execPath, fileURLToPath(new URL(SIGNER, import.meta.url))];
  return spawn(program!, [...first, ...args, '--json'], { stdio: [stdin, 'pipe', 'pipe'] });
}

/** @throws SignerError `signer_fault` where the program could not be run at all. */
export function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('close', () => resolve());
    child.once('error', (cause) =>
      reject(new SignerError('signer_fault', `${child.spawnfile} could not be run as the signer`, { cause })),
    );
  });
}

/** The last words of a process, bounded. */
class Tail {
  text = '';

  add(chunk: string): void {
    this.text = (this.text + chunk).slice(-8_192);
  }
}

/** The signer's last line on stderr is its error as JSON. */
export function complaintError(complaint: string, what: string): SignerError {
  const last = complaint.trim().split('\n').at(-1) ?? '';
  try {
    const { code, message } = JSON.parse(last) as { code: string; message: string };
    return new SignerError(isSignerErrorCode(code) ? code : 'signer_fault', `${what}: ${message}`);
  } catch (cause) {
    return new SignerError('signer_fault', `${what}: ${last || 'it said nothing'}`, { cause });
  }
}
