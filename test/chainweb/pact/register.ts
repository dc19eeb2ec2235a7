import { ACCOUNT_CAP, BUCKET, EPOCH_CAP, WINDOW } from '@stoa/protocol/mint';
import { type Call, type Guard, integer, list, PactFailure, type PactModule, text } from './module.ts';
import type { PactValue, Row } from './value.ts';

export interface RegisterOptions {
  /** With its namespace. */
  readonly name: string;
  readonly hash: string;
  /** The keyset `stoic.minter`. */
  readonly minter: Guard;
}

/** Milligas beside those of rows, guards and events, as the interpreter measured them for the contract's shape. */
const COST = { batch: 2_000, bucket: 900, filledBucket: 78_000, bound: 300, account: 800 } as const;
const ZEROS: readonly number[] = new Array<number>(BUCKET).fill(0);
const DAY_US = 86_400_000_000n;

/** `hub/src/mint/contract/register.pact` line by line: the same answers, refusals, guards and events, and about the same gas. */
export function registerModule(options: RegisterOptions): PactModule {
  return {
    name: options.name,
    hash: options.hash,
    functions: {
      today: (call) => today(call),
      enrolled: (call) => enrolled(call),
      'open-epoch': (call, args) => openEpoch(by(call, options), args),
      'update-registers': (call, args) => updateRegisters(by(call, options), args),
      'close-epoch': (call, args) => closeEpoch(by(call, options), args),
      enrol: (call, args) => enrol(by(call, options), args),
      'epoch-state': (call, [epoch]) =>
        call.read('epochs', String(integer(epoch))) ?? {
          ...{ cap: -1, minted: 0, done: 0, bounds: [], digest: '', closed: false },
        },
      'batch-state': (call, [epoch, batch]) =>
        call.read('batches', `${integer(epoch)}:${integer(batch)}`) ?? { sum: -1, digest: '' },
      registers: (call, [from, count]) => registers(call, integer(from), integer(count)),
      total: (call, [slot]) =>
        pointsOf(call, Math.floor(integer(slot) / BUCKET))[integer(slot) % BUCKET] ?? 0,
      'slot-of': (call, [account]) => call.read('accounts', text(account))?.['slot'] ?? -1,
      'accounts-of': (call, [first, count]) => {
        enforce(integer(count) > 0, 'no slots');
        return range(integer(first), integer(count)).map(
          (slot) => call.read('slots', String(slot))?.['account'] ?? '',
        );
      },
    },
  };
}

interface Minting {
  readonly call: Call;
  readonly name: string;
  /** Runs the body under a capability of the minter, and tells of it. */
  readonly within: (capability: Act, body: () => PactValue) => PactValue;
}

interface Act {
  readonly name: 'OPEN' | 'MINT' | 'CLOSE' | 'ENROL';
  readonly args: readonly PactValue[];
}

function by(call: Call, { name: module, minter }: RegisterOptions): Minting {
  return {
    call,
    name: module,
    within: ({ name, args }, body) =>
      call.withCapability({ name: `${module}.${name}`, args }, () => {
        call.enforceGuard(minter);
        if (name !== 'CLOSE') call.emit(name, args);
        return body();
      }),
  };
}

function openEpoch({ call, within }: Minting, args: readonly PactValue[]): PactValue {
  const [epoch, cap, digest] = [integer(args[0]), integer(args[1]), text(args[3])];
  const bounds = list(args[2]).map(integer);
  const slots = enrolled(call);
  call.charge(bounds.length * COST.bound);
  const known = call.read('epochs', String(epoch));
  if (known !== undefined) {
    const same =
      known['cap'] === cap && known['digest'] === digest && String(known['bounds']) === String(bounds);
    enforce(same, 'opened with other content');
    return 'already-open';
  }
  return within({ name: 'OPEN', args: [epoch, cap, digest] }, () => {
    enforce(epoch <= today(call) && epoch >= today(call) - WINDOW, 'epoch is not a day of the window');
    enforce(cap >= 0 && cap <= EPOCH_CAP, 'cap of the epoch');
    const ascend = bounds.every((each, i) => (i === 0 ? each === 0 : each > bounds[i - 1]!));
    enforce(bounds.length > 0 && ascend, 'bounds do not ascend from 0');
    enforce((cap === 0) === (bounds.length === 1), 'a cap without batches, or batches without a cap');
    enforce(bounds.at(-1)! <= Math.floor((slots + BUCKET - 1) / BUCKET), 'bounds past the enrolled slots');
    call.insert('epochs', String(epoch), { cap, minted: 0, done: 0, bounds, digest, closed: cap === 0 });
    return 'open';
  });
}

function updateRegisters(minting: Minting, args: readonly PactValue[]): PactValue {
  const { call, within } = minting;
  const [epoch, batch, sum, digest] = [integer(args[0]), integer(args[1]), integer(args[3]), text(args[4])];
  const deltas = list(args[2]).map((each) => list(each).map(integer));
  const slots = enrolled(call);
  const known = call.read('batches', `${epoch}:${batch}`);
  if (known !== undefined) {
    enforce(known['sum'] === sum && known['digest'] === digest, 'other content of the batch is applied');
    return 'already-applied';
  }
  return within({ name: 'MINT', args: [epoch, batch, sum, digest] }, () => {
    call.charge(COST.batch);
    const row = epochRow(minting, epoch);
    const bounds = list(row['bounds']).map(integer);
    const [minted, done] = [integer(row['minted']) + sum, integer(row['done']) + 1];
    enforce(row['closed'] === false, 'epoch is closed');
    enforce(batch >= 0 && batch < bounds.length - 1, 'no such batch');
    const [from, to, last] = [bounds[batch]!, bounds[batch + 1]!, done + 1 === bounds.length];
    enforce(deltas.length === to - from, 'batch does not fill its range');
    enforce(minted <= integer(row['cap']), 'cap of the epoch exceeded');
    const past = deltas.at(-1)!.slice(Math.max(0, slots - BUCKET * (to - 1)));
    enforce(total(past) === 0, 'points past the enrolled slots');
    call.insert('batches', `${epoch}:${batch}`, { sum, digest });
    call.update('epochs', String(epoch), { minted, done, closed: last });
    const added = deltas.map((each, i) => addToBucket(call, from + i, each));
    enforce(total(added) === sum, 'sum of the deltas');
    if (last) call.emit('CLOSED', [epoch, minted]);
    return 'ok';
  });
}

function addToBucket(call: Call, bucket: number, deltas: readonly number[]): number {
  call.charge(COST.bucket);
  if (deltas.length === 0) return 0;
  enforce(deltas.length === BUCKET, 'size of a bucket');
  enforce(
    deltas.every((each) => each >= 0 && each <= ACCOUNT_CAP),
    'points of an account',
  );
  call.charge(COST.filledBucket);
  const points = pointsOf(call, bucket);
  call.write('buckets', String(bucket), { points: points.map((each, i) => each + deltas[i]!) });
  return total(deltas);
}

function closeEpoch(minting: Minting, [first, second]: readonly PactValue[]): PactValue {
  const { call, within } = minting;
  const [epoch, minted] = [integer(first), integer(second)];
  const row = epochRow(minting, epoch);
  enforce(row['minted'] === minted, 'another total is minted');
  if (row['closed'] === true) return 'already-closed';
  return within({ name: 'CLOSE', args: [epoch, minted] }, () => {
    call.update('epochs', String(epoch), { closed: true });
    call.emit('CLOSED', [epoch, minted]);
    return 'closed';
  });
}

function enrol({ call, within }: Minting, args: readonly PactValue[]): PactValue {
  const [first, digest] = [integer(args[0]), text(args[2])];
  const names = list(args[1]).map(text);
  const slots = enrolled(call);
  const known = call.read('enrolments', String(first));
  if (known !== undefined) {
    enforce(
      known['count'] === names.length && known['digest'] === digest,
      'other accounts are enrolled there',
    );
    return 'already-enrolled';
  }
  return within({ name: 'ENROL', args: [first, names.length, digest] }, () => {
    enforce(names.length > 0, 'no accounts');
    enforce(first === slots, 'not the next slot');
    const points = pointsOf(call, Math.floor(first / BUCKET));
    enforce(total(points.slice(first % BUCKET)) === 0, 'register of a slot is not 0');
    call.insert('enrolments', String(first), { count: names.length, digest });
    call.write('counter', 'slots', { next: first + names.length });
    for (const [i, account] of names.entries()) {
      call.charge(COST.account);
      call.insert('slots', String(first + i), { account });
      call.insert('accounts', account, { slot: first + i });
    }
    return 'enrolled';
  });
}

function registers(call: Call, from: number, count: number): PactValue {
  enforce(count > 0, 'no buckets');
  return range(from, count).map((bucket) => pointsOf(call, bucket));
}

function epochRow({ call, name }: Minting, epoch: number): Row {
  const row = call.read('epochs', String(epoch));
  if (row === undefined) throw new PactFailure(`No value found in table ${name}_epochs for key: ${epoch}`);
  return row;
}

function pointsOf(call: Call, bucket: number): readonly number[] {
  return (call.read('buckets', String(bucket))?.['points'] as readonly number[] | undefined) ?? ZEROS;
}

function enrolled(call: Call): number {
  return integer(call.read('counter', 'slots')?.['next'] ?? 0);
}

/** The UTC day of the block's parent. */
function today(call: Call): number {
  return Number(call.blockTime / DAY_US);
}

function range(from: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_each, i) => from + i);
}

function total(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0);
}

function enforce(holds: boolean, words: string): void {
  if (!holds) throw new PactFailure(words);
}
