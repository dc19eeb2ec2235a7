import type { ActKind, BatchState, EpochState } from '#mint/index.ts';
import type { Transaction } from './sweep.ts';

/** How a state is told: each has a word, so that neither colour nor print is needed. */
export const STATES: Readonly<Record<BatchState, { readonly word: string; readonly means: string }>> = {
  planned: { word: 'planned', means: 'Nothing of it exists yet.' },
  signed: { word: 'signed', means: 'Its bytes are stored; only they are ever sent.' },
  sent: { word: 'sent', means: 'Nodes were told; it is told again until it is mined or dead.' },
  mined: { word: 'mined', means: 'In a block, which may still go.' },
  final: { word: 'final', means: 'The contract shows its content 6 blocks deep.' },
  settled: { word: 'settled', means: '120 blocks deep, and in the ledger.' },
  absent: { word: 'absent', means: 'No attempt can be mined any more: the next one begins.' },
  stopped: { word: 'stopped', means: 'A person says what comes next.' },
};

export const EPOCH_STATES: Readonly<Record<EpochState, string>> = {
  running: 'running',
  cancelling: 'being cancelled',
  settled: 'settled',
  cancelled: 'cancelled',
};

const STOPPED: Readonly<Record<string, string>> = {
  failed: 'it is in a block and failed there, and its whole gas limit is gone',
  other_content: 'the chain shows another content under its name',
  attempts_spent: 'each of its attempts died unmined',
};

/** Why it is stopped, also for a reason that an older hub wrote. */
export function reasonOf({ reason }: Pick<Transaction, 'reason'>): string {
  return STOPPED[reason] ?? (reason || 'no reason is written');
}

const KINDS: Readonly<Record<ActKind, string>> = {
  enrol: 'Enrolment',
  open: 'Opening',
  mint: 'Batch',
  close: 'Closing',
};

/** Its name among those of its chain. */
export function nameOf({ kind, part, size }: Pick<Transaction, 'kind' | 'part' | 'size'>): string {
  if (kind === 'mint') return `${KINDS.mint} ${part}`;
  if (kind === 'enrol') return `${KINDS.enrol} of ${size === 1 ? '1 slot' : `${size} slots`} from ${part}`;
  return KINDS[kind];
}

const tiny = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 2 });

/** 0.0396 STOA, or 0.000043 STOA: what a sweep costs is far below one. */
export function stoa(amount: number): string {
  const isTiny = amount > 0 && amount < 0.001;
  return `${isTiny ? tiny.format(amount) : amount.toFixed(4)} STOA`;
}
