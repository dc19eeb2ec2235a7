import type { Command } from './command.ts';
import { type Call, decimal, type Guard, guard, PactFailure, type PactModule, text } from './module.ts';
import type { PactEvent } from './outcome.ts';
import type { Draft } from './state.ts';
import { eventOf, type Transaction } from './transaction.ts';
import { Decimal, type PactValue, type Row, sameValue } from './value.ts';

const TABLE = 'coin-table';

/** The part of the coin contract that clients of the chain use. */
export const coin: PactModule = {
  name: 'coin',
  hash: 'rE7DU8jlQL9x_MPYuniZJf5ICBTAEHAIFQCB4blofP4',
  functions: {
    'get-balance': (call, [account]) => balanceOf(rowOf(call, text(account))),
    details: (call, [account]) => ({ account: text(account), ...rowOf(call, text(account)) }),
    'create-account': (call, [account, own]) => {
      call.insert(TABLE, text(account), { balance: Decimal.zero, guard: { ...guard(own) } });
      return 'Write succeeded';
    },
    transfer: (call, [from, to, amount]) => {
      const { guard: own } = rowOf(call, text(to));
      return transfer(call, { from: text(from), to: text(to), amount: decimal(amount), guard: guard(own) });
    },
    'transfer-create': (call, [from, to, own, amount]) =>
      transfer(call, { from: text(from), to: text(to), amount: decimal(amount), guard: guard(own) }),
    'transfer-crosschain': transferAway,
  },
  steps: {
    'transfer-crosschain': (call, { receiver, 'receiver-guard': own, amount, 'source-chain': source }) => {
      const [to, paid] = [text(receiver), decimal(amount)];
      call.emit('TRANSFER', ['', to, paid]);
      call.emit('TRANSFER_XCHAIN_RECD', ['', to, paid, text(source)]);
      credit(call, to, paid, guard(own));
      return 'Write succeeded';
    },
  },
};

/** @returns why the sender can't pay the whole gas limit, if so */
export function buyGas(transaction: Transaction): string | undefined {
  const { command } = transaction;
  const call = transaction.callOf(coin);
  const buying = `${command.key} Failed to buy gas: `;
  const row = call.read(TABLE, command.sender);
  if (row === undefined) return `${buying}No value found in table coin_${TABLE} for key: ${command.sender}`;
  try {
    const gas = { name: 'coin.GAS', args: [] };
    transaction.withCapability(gas, () => transaction.enforceGuard(guard(row['guard'])));
  } catch (error) {
    if (error instanceof PactFailure) return buying + error.message;
    throw error;
  }
  return balanceOf(row).units < priceOf(command, command.gasLimit).units
    ? `${buying}Insufficient funds`
    : undefined;
}

/** The sender pays the miner for what was used. @returns the event of it */
export function redeemGas(
  draft: Draft,
  command: Command,
  { gas, miner }: { gas: number; miner: string },
): PactEvent {
  const fee = priceOf(command, gas);
  pay(draft, command.sender, new Decimal(-fee.units));
  pay(draft, miner, fee);
  return eventOf(coin, 'TRANSFER', [command.sender, miner, fee]);
}

function pay(draft: Draft, account: string, amount: Decimal): void {
  const row = draft.get(`coin_${TABLE}`, account) ?? { balance: Decimal.zero, guard: keysOf(account) };
  draft.set(`coin_${TABLE}`, account, { ...row, balance: balanceOf(row).plus(amount) });
}

function priceOf({ gasPrice }: Command, gas: number): Decimal {
  return gasPrice.times(gas);
}

interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly amount: Decimal;
  readonly guard: Guard;
}

function transfer(call: Call, { from, to, amount, guard: own }: Transfer): PactValue {
  const allowed = call.managed('coin.TRANSFER', ([sender, receiver, most]) => {
    const enough = most instanceof Decimal && most.units >= amount.units;
    return sender === from && receiver === to && enough;
  });
  call.withCapability(allowed, () => {
    call.emit('TRANSFER', [from, to, amount]);
    debit(call, from, amount);
  });
  credit(call, to, amount, own);
  return 'Write succeeded';
}

function transferAway(call: Call, args: readonly PactValue[]): PactValue {
  const [from, to, own, target, sum] = args;
  const amount = decimal(sum);
  const allowed = call.managed('coin.TRANSFER_XCHAIN', ([sender, receiver, most, chain]) => {
    const enough = most instanceof Decimal && most.units >= amount.units;
    return sender === from && receiver === to && chain === target && enough;
  });
  if (target === String(call.chain))
    throw new PactFailure('cannot run cross-chain transfers to the same chain');
  call.withCapability(allowed, () => {
    call.emit('TRANSFER_XCHAIN', [text(from), text(to), amount, text(target)]);
    debit(call, text(from), amount);
  });
  call.emit('TRANSFER', [text(from), '', amount]);
  const data = {
    ...{ receiver: text(to), amount, 'receiver-guard': { ...guard(own) } },
    'source-chain': String(call.chain),
  };
  const provenance = { targetChainId: text(target), moduleHash: coin.hash };
  call.yield({
    ...{ step: 0, stepCount: 2, stepHasRollback: false },
    continuation: { def: 'coin.transfer-crosschain', args },
    yield: { data, source: String(call.chain), provenance },
  });
  return data;
}

function debit(call: Call, account: string, amount: Decimal): void {
  const row = rowOf(call, account);
  call.enforceGuard(guard(row['guard']));
  if (amount.units <= 0n) throw new PactFailure('transfer amount must be positive');
  if (balanceOf(row).units < amount.units) throw new PactFailure('Insufficient funds');
  call.update(TABLE, account, { balance: balanceOf(row).minus(amount) });
}

function credit(call: Call, account: string, amount: Decimal, own: Guard): void {
  const row = call.read(TABLE, account) ?? { balance: Decimal.zero, guard: { ...own } };
  if (!sameValue({ ...guard(row['guard']) }, { ...own }))
    throw new PactFailure('account guards do not match');
  call.write(TABLE, account, { ...row, balance: balanceOf(row).plus(amount) });
}

function rowOf(call: Call, account: string): Row {
  const row = call.read(TABLE, account);
  if (row !== undefined) return row;
  throw new PactFailure(`No value found in table coin_${TABLE} for key: ${account}`);
}

function balanceOf(row: Row): Decimal {
  return decimal(row['balance']);
}

/** The guard of a principal account of one key. */
function keysOf(account: string): Row {
  return { pred: 'keys-all', keys: [account.replace(/^k:/, '')] };
}
