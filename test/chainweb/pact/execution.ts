import { buyGas, redeemGas } from './coin.ts';
import type { Command } from './command.ts';
import { type Modules, runCont, runExec } from './evaluation.ts';
import { sizeGas } from './gas.ts';
import { PactFailure } from './module.ts';
import { failure, type Outcome, type Result } from './outcome.ts';
import type { SpvLookup } from './spv.ts';
import type { Draft } from './state.ts';
import { type Place, Transaction } from './transaction.ts';

/** It can't stand in a block at all: the miner leaves it out, and its node remembers it as bad. */
export class UnminableError extends Error {}

export interface Execution {
  readonly draft: Draft;
  readonly place: Place;
  readonly modules: Modules;
  readonly provenStep: SpvLookup;
  /** Account that the gas goes to. */
  readonly miner: string;
}

/**
 * Runs a command as a block's transaction: gas is bought, what succeeds is refunded the rest, what fails keeps nothing but
 * pays all of it.
 *
 * @throws UnminableError
 */
export function execute(command: Command, by: Execution): Outcome {
  const { draft, place, miner } = by;
  const size = sizeGas(command.bytes);
  if (size > command.gasLimit) throw new UnminableError(`tx too big for gas limit: ${size}`);
  const bought = buyGas(new Transaction(command, draft, place));
  if (bought !== undefined) throw new UnminableError(bought);
  const transaction = new Transaction(command, draft, place);
  const result = run(transaction, size, by);
  const succeeded = result.status === 'success';
  const gas = succeeded ? transaction.gas : command.gasLimit;
  if (succeeded) transaction.commit();
  const fee = redeemGas(draft, command, { gas, miner });
  const events = succeeded ? [fee, ...transaction.events] : [fee];
  const outcome = outcomeOf(command, gas, result);
  const { continuation } = transaction;
  const mined = succeeded
    ? { ...outcome, events, continuation, txId: draft.count + 1 }
    : { ...outcome, events };
  draft.record(mined, place.parent.height + 1);
  return mined;
}

/** Runs a command for nothing, as `local` does: nobody pays, and nothing is kept. */
export function look(command: Command, by: Omit<Execution, 'miner'>): Outcome {
  const transaction = new Transaction(command, by.draft, by.place);
  const result = run(transaction, 0, by);
  return { ...outcomeOf(command, transaction.gas, result), events: transaction.events };
}

function run(
  transaction: Transaction,
  size: number,
  { modules, provenStep }: Pick<Execution, 'modules' | 'provenStep'>,
): Result {
  const { payload } = transaction.command;
  try {
    transaction.charge(size * 1_000);
    const data =
      'code' in payload
        ? runExec(transaction, payload, modules)
        : runCont(transaction, payload, { modules, provenStep });
    return { status: 'success', data };
  } catch (error) {
    if (error instanceof PactFailure) return failure(error.message, error.type);
    throw error;
  }
}

function outcomeOf(command: Command, gas: number, result: Result): Outcome {
  const { key } = command;
  return { reqKey: key, gas, result, logs: key, events: [], continuation: null, txId: null };
}
