import { spawn } from 'node:child_process';
import type { LastEnd } from '#launcher/start.ts';

export interface WatchLimits {
  /** Between two signs of life of the main thread, ms. */
  readonly beatMs: number;
  /** Without one, ms. */
  readonly silentMs: number;
}

/** F15: three starts that end so are over within five minutes. */
export const WATCH: WatchLimits = { beatMs: 20_000, silentMs: 60_000 };

/** Reads a sign at a time; ends with the pipe. Kills its parent, by which exit handlers never come into it. */
const WATCHER = `while :; do
  beat=$(timeout "$1" dd bs=1 count=1 2>/dev/null)
  case $?:$beat in
  0:?*) ;;
  124:*) set -C; printf %s "$2" >"$3"; kill -9 "$PPID"; exit ;;
  *) exit ;;
  esac
done`;

/**
 * Kills the process once its main thread has done nothing else for too long. By a shell at the other end of a pipe: a thread
 * of this process would take nine megabytes, the shell takes a fifth of one. The pipe is closed with the process however
 * that ends, and by its becoming another program.
 */
export function watchMainThread(by: {
  slot: string;
  endFile: string;
  limits: WatchLimits;
  warn: (line: string) => void;
}): void {
  const { beatMs, silentMs } = by.limits;
  const seconds = String(silentMs / 1000);
  const end: LastEnd = {
    slot: by.slot,
    reason: 'spun',
    detail: `its main thread did nothing else for ${seconds} s, and was killed`,
  };
  const watcher = spawn(
    'sh',
    ['-c', WATCHER, 'stoa-agent-watchdog', seconds, JSON.stringify(end), by.endFile],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: '/usr/bin:/bin' },
    },
  );
  watcher.once('error', (error) => by.warn(`nothing watches over the main thread: ${error.message}`));
  watcher.stdin.on('error', () => by.warn('what watched over the main thread is gone'));
  watcher.unref();
  const beats = setInterval(() => watcher.stdin.write('.'), beatMs);
  beats.unref();
  watcher.once('exit', () => clearInterval(beats));
  if ('unref' in watcher.stdin && typeof watcher.stdin.unref === 'function') watcher.stdin.unref();
}
