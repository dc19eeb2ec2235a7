/** A cut in a database, what follows up to the last signature, or a plan alone; in a process of its own: so its memory is nobody else's. */
import { cutInDatabase } from './mint-database.ts';
import { drawPoints, planDay, signDay } from './mint-day.ts';
import { memoryOf } from './process-figures.ts';

export interface MintUsage {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Highest resident memory of the process, the program and the draw included. */
  readonly peakMb: number;
  readonly residentMb: number;
  /** Of the database's part. */
  readonly parts: { readonly cut: number; readonly check: number } | undefined;
}

const [accounts = 0, days = 1] = process.argv.slice(2, 4).map(Number);
const points = drawPoints(accounts, days);
const stored = process.argv[4] === 'cut' ? await cutInDatabase(points) : undefined;
const [begun, before] = [performance.now(), process.cpuUsage()];
if (process.argv[4] === 'plan') planDay(points);
else await signDay(points);
const { user, system } = process.cpuUsage(before);
const { residentMb } = await memoryOf(process.pid);
const usage: MintUsage = {
  parts: stored,
  seconds: (performance.now() - begun) / 1_000 + (stored === undefined ? 0 : stored.cut + stored.check),
  cpuSeconds: (user + system) / 1e6,
  peakMb: (process.resourceUsage().maxRSS * 1_024) / 1e6,
  residentMb,
};
process.send?.(usage);
process.disconnect?.();
