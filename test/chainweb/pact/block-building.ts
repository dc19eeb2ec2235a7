import { timeFault } from './admission.ts';
import type { Command } from './command.ts';
import { type Execution, execute, UnminableError } from './execution.ts';
import type { Outcome } from './outcome.ts';

/** A miner who found that many commands too large for the rest of the block looks no further. */
const MOST_SKIPS = 200;

export interface BlockTransactions {
  readonly transactions: readonly { readonly command: Command; readonly outcome: Outcome }[];
  /** Which can't be mined, and why: by request key. */
  readonly bad: ReadonlyMap<string, string>;
}

/** Fills a block: each command that fits into the gas that is left, which shrinks by what the ones before it used. */
export function buildBlock(
  candidates: Iterable<Command>,
  { gasLimit, ...by }: Execution & { readonly gasLimit: number },
): BlockTransactions {
  const transactions: { command: Command; outcome: Outcome }[] = [];
  const bad = new Map<string, string>();
  const parentTime = Number(by.place.parent.creationTime / 1_000_000n);
  let [left, skips] = [gasLimit, 0];
  for (const command of candidates) {
    if (by.draft.mined(command.key) || timeFault(command, parentTime) !== undefined) continue;
    if (command.gasLimit > left) {
      skips += 1;
      if (skips >= MOST_SKIPS) break;
      continue;
    }
    try {
      const outcome = execute(command, by);
      left -= outcome.gas;
      transactions.push({ command, outcome });
    } catch (error) {
      if (!(error instanceof UnminableError)) throw error;
      bad.set(command.key, error.message);
    }
  }
  return { transactions, bad };
}
