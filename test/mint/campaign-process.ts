/** One process of the campaign: every nth seed, from its own on. */
import { runSchedules } from './campaign.ts';

const [first = 1, step = 1, last = 1] = process.argv.slice(2).map(Number);
const seeds = Array.from({ length: Math.ceil((last - first + 1) / step) }, (_, i) => first + i * step);
await runSchedules(seeds, (course) => process.send?.(course));
process.disconnect?.();
