import { hostname } from 'node:os';
import { systemClock } from '../clock.ts';
import { within } from '../closing.ts';
import { createLog } from '../log.ts';
import { Tickers } from '../ticker.ts';
import type { CommandContext } from './context.ts';
import { withSshSide } from './ssh-bench.ts';

/** A tick that asks a host has ten seconds to let go of it. */
const CLOSING_MS = 15_000;

/** `stoa-hub worker`: takes hub-run work until the signal. On another host it takes DATABASE_URL and the vault's key file. */
export async function worker(context: CommandContext): Promise<void> {
  const { config, signal, out } = context;
  const log = createLog({ level: config.logLevel });
  const instance = `worker ${hostname()} ${process.pid}`;
  await withSshSide(context, { instance, runs: true, log }, async (side) => {
    const tickers = new Tickers({ clock: systemClock, log });
    for (const task of side.tasks) tickers.start(task);
    side.start();
    out(`Worker: ${instance}, by ${side.queue.backEnd}`);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await within(CLOSING_MS, systemClock)(tickers.stop());
  });
}
