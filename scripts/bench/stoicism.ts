import { joined } from './joined.ts';
import type { Bench } from './result.ts';
import { benchLedgerClose } from './stoicism-close.ts';
import { benchEarnings } from './stoicism-earnings.ts';
import { benchGates } from './stoicism-gates.ts';
import { benchLedgerReplay } from './stoicism-replay.ts';

/** What Stoicism costs, a section a file. */
export const benchStoicism: Bench = joined(benchLedgerClose, {
  earnings: benchEarnings,
  gates: benchGates,
  replay: benchLedgerReplay,
});
