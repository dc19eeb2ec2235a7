import type { JobKind } from '@stoa/protocol';
import { MAX_ATTEMPTS } from './state.ts';

/** What is not idempotent is begun once, whatever happens. */
export function attemptsAt(kind: Pick<JobKind, 'idempotent'>): number {
  return kind.idempotent ? MAX_ATTEMPTS : 1;
}
