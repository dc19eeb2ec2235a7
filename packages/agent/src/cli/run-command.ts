import type { CommandRun } from '#cli/command.ts';
import { EXIT } from '#cli/exit-code.ts';
import type { Timer } from '#clock.ts';

/** F33: a service manager waits no longer than this for anything that hangs. */
const STOP_MS = 10_000;

export const run: CommandRun = async ({ agent, deps, signal, clock, io }) => {
  const context = await agent();
  let timer: Timer | undefined;
  const overdue = new Promise<'overdue'>((resolve) => {
    const count = (): void => {
      timer = clock.after(STOP_MS, () => resolve('overdue'));
    };
    if (signal.aborted) count();
    else signal.addEventListener('abort', count, { once: true });
  });
  try {
    const end = await Promise.race([deps.run(context).then(() => 'stopped' as const), overdue]);
    if (end === 'stopped') return EXIT.ok;
    io.err(`stoa-agent: something did not stop within ${STOP_MS / 1000} s; leaving without it\n`);
    return EXIT.fail;
  } finally {
    timer?.cancel();
  }
};
