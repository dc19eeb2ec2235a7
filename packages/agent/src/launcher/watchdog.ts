import { spawn } from 'node:child_process';
import type { LastEnd } from '#launcher/start.ts';

export interface WatchLimits {
  /** Between two signs of life of the main thread, ms. */
  readonly beatMs: number;
  /** Without one, ms. */
  readonly silentMs: number;
}

/**
 * F15: three starts that end so are over within five minutes. A sign comes well within a look, so that each look ends by one:
 * a look takes three short processes, which at ten seconds cost as much as a third of the agent.
 */
export const WATCH: WatchLimits = { beatMs: 40_000, silentMs: 90_000 };

const LOOKS = 2;

/**
 * Reads a sign at a time; ends with the pipe. Time counts by the looks that it got to make itself, each a process of its own: a
 * host that stood still for an hour is one look late. What is stopped or debugged does not spin. Kills its parent, by which exit
 * handlers never come into it, and no other that has its number by now.
 */
const WATCHER = `watched() {
  stat=$(cat "/proc/$PPID/stat" 2>/dev/null) || exit
  set -- \${stat##*) }
  state=$1 began=\${20}
}
look=$1 end=$2 file=$3 misses=0
watched
first=$began
while :; do
  beat=$(timeout "$look" dd bs=1 count=1 2>/dev/null)
  case $?:$beat in
  0:?*) misses=0 ;;
  0: | 126:* | 127:*) exit ;;
  *)
    watched
    [ "$began" = "$first" ] || exit
    case $state in T | t) continue ;; esac
    misses=$((misses + 1))
    if [ "$misses" -ge ${LOOKS} ]; then
      set -C
      printf %s "$end" >"$file"
      kill -9 "$PPID"
      exit
    fi
    ;;
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
  const look = String(silentMs / 1000 / LOOKS);
  const end: LastEnd = {
    slot: by.slot,
    reason: 'spun',
    detail: `its main thread did nothing else for ${seconds} s, and was killed`,
  };
  const watcher = spawn('sh', ['-c', WATCHER, 'stoa-agent-watchdog', look, JSON.stringify(end), by.endFile], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
  });
  watcher.once('error', (error) => by.warn(`nothing watches over the main thread: ${error.message}`));
  // Its end is told below.
  watcher.stdin.on('error', () => undefined);
  watcher.unref();
  const beats = setInterval(() => watcher.stdin.write('.'), beatMs);
  beats.unref();
  watcher.once('exit', () => {
    clearInterval(beats);
    by.warn('nothing watches over the main thread any more: timeout(1) and dd(1) are needed for that');
  });
  if ('unref' in watcher.stdin && typeof watcher.stdin.unref === 'function') watcher.stdin.unref();
}
