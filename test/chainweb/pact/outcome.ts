import type { Header } from '@stoa/protocol/chainweb';
import type { PactValue } from './value.ts';

export type Result =
  | { readonly status: 'success'; readonly data: PactValue }
  | { readonly status: 'failure'; readonly error: PactError };

export interface PactError {
  readonly callStack: readonly string[];
  readonly type: string;
  readonly message: string;
  readonly info: string;
}

export interface PactEvent {
  readonly name: string;
  readonly params: readonly PactValue[];
  readonly module: { readonly namespace: string | null; readonly name: string };
  readonly moduleHash: string;
}

/** Where a pact of several steps stands. */
export interface Continuation {
  readonly pactId: string;
  readonly step: number;
  readonly stepCount: number;
  readonly executed: null;
  readonly stepHasRollback: boolean;
  readonly continuation: { readonly def: string; readonly args: readonly PactValue[] };
  readonly yield: {
    readonly data: Readonly<Record<string, PactValue>>;
    readonly source: string;
    readonly provenance: { readonly targetChainId: string; readonly moduleHash: string };
  } | null;
}

/** What became of a transaction, apart from the block that it stands in. */
export interface Outcome {
  readonly reqKey: string;
  readonly gas: number;
  readonly result: Result;
  readonly logs: string;
  readonly events: readonly PactEvent[];
  readonly continuation: Continuation | null;
  readonly txId: number | null;
}

export function failure(message: string, type = 'EvalError'): Result {
  return { status: 'failure', error: { callStack: [], type, message, info: '' } };
}

/** As `poll` and `listen` tell it. Times are in microseconds. */
export function resultJson(outcome: Outcome, { header }: { readonly header: Header }): string {
  return jsonOf(outcome, {
    blockHeight: header.height,
    blockTime: Number(header.creationTime),
    blockHash: header.hash,
    prevBlockHash: header.parent,
  });
}

export function jsonOf(outcome: Outcome, metaData: object | null): string {
  const { gas, result, reqKey, logs, events, continuation, txId } = outcome;
  return JSON.stringify({ gas, result, reqKey, logs, events, metaData, continuation, txId });
}
