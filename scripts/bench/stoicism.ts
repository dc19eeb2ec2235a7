import { joined } from './joined.ts';
import type { Bench } from './result.ts';
import { benchLedgerClose } from './stoicism-close.ts';
import { benchGates } from './stoicism-gates.ts';
import { benchLedgerReplay } from './stoicism-replay.ts';

/** What Stoicism costs, a section a file. */
export const benchStoicism: Bench = joined(benchLedgerClose, {
  gates: benchGates,
  replay: benchLedgerReplay,
});
