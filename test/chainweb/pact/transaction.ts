import type { Header } from '@stoa/protocol/chainweb';
import type { Capability, Command } from './command.ts';
import { milligas } from './gas.ts';
import { type Call, type Guard, guard as guardOf, PactFailure, type PactModule } from './module.ts';
import type { Continuation, PactEvent } from './outcome.ts';
import type { Draft } from './state.ts';
import { type PactValue, type Row, sameValue, valueOfJson } from './value.ts';

/** On what a command runs: the parent of the block in the making, or the block that a read looks at. */
export interface Place {
  readonly parent: Header;
}

/** One command's execution. What it writes reaches the draft by `commit` alone. */
export class Transaction {
  readonly command: Command;
  readonly place: Place;
  readonly events: PactEvent[] = [];
  continuation: Continuation | null = null;
  readonly #draft: Draft;
  readonly #writes = new Map<string, Map<string, Row>>();
  readonly #scope: Capability[] = [];
  #milligas = 0;

  constructor(command: Command, draft: Draft, place: Place) {
    this.command = command;
    this.place = place;
    this.#draft = draft;
  }

  get gas(): number {
    return Math.ceil(this.#milligas / 1_000);
  }

  charge(amount: number): void {
    this.#milligas += amount;
    if (this.#milligas > this.command.gasLimit * 1_000)
      throw new PactFailure(`Gas limit (${this.command.gasLimit}) exceeded: ${this.gas}`, 'GasError');
  }

  commit(): void {
    for (const [table, rows] of this.#writes) for (const [key, row] of rows) this.#draft.set(table, key, row);
  }

  /** What a function of this module sees. */
  callOf(module: PactModule): Call {
    const { command } = this;
    const { chain, height, creationTime } = this.place.parent;
    const table = (name: string) => `${module.name}_${name}`;
    return {
      ...{ command, chain, height: height + 1, blockTime: creationTime },
      read: (name, key) => this.#read(table(name), key),
      write: (name, key, row) => this.#write(table(name), key, row),
      update: (name, key, changes) => {
        this.charge(milligas.write(changes));
        this.#keep(table(name), key, { ...this.#look(table(name), key), ...changes });
      },
      insert: (name, key, row) => {
        if (this.#look(table(name), key) !== undefined)
          throw new PactFailure(
            `Value already found while in Insert mode in table ${table(name)} at key ${key}`,
          );
        this.#write(table(name), key, row);
      },
      charge: (amount) => this.charge(amount),
      emit: (name, params) => this.#emit(module, name, params),
      enforceGuard: (guard) => this.enforceGuard(guard),
      withCapability: (capability, body) => this.withCapability(capability, body),
      managed: (name, allows) => this.#managed(name, allows),
      yield: (to) => {
        this.continuation = { ...to, pactId: command.key, executed: null };
      },
      guardIn: (name) => this.#guardIn(name),
    };
  }

  withCapability<T>(capability: Capability, body: () => T): T {
    this.charge(milligas.call);
    this.#scope.push(capability);
    const result = body();
    this.#scope.pop();
    return result;
  }

  enforceGuard({ pred, keys }: Guard): void {
    this.charge(milligas.guard);
    const signed = keys.filter((key) => this.#signs(key)).length;
    const enough =
      pred === 'keys-any' ? signed > 0 : pred === 'keys-2' ? signed >= 2 : signed === keys.length;
    if (!enough) throw new PactFailure(`Keyset failure (${pred}): [${keys.map((key) => key.slice(0, 8))}]`);
  }

  #signs(key: string): boolean {
    return this.command.signers.some(
      (signer) =>
        signer.key === key &&
        (signer.capabilities.length === 0 ||
          signer.capabilities.some((own) => this.#scope.some((granted) => sameCapability(own, granted)))),
    );
  }

  #managed(name: string, allows: (args: readonly PactValue[]) => boolean): Capability {
    const own = this.command.signers.flatMap(({ capabilities }) => capabilities);
    const found = own.find((capability) => capability.name === name && allows(capability.args));
    if (found === undefined) throw new PactFailure(`Managed capability not installed: ${name}`);
    return found;
  }

  #guardIn(name: string): Guard {
    const { payload } = this.command;
    const data = 'data' in payload ? valueOfJson(payload.data[name]) : undefined;
    if (data === undefined) throw new PactFailure(`read-keyset failure: no such key in message: ${name}`);
    return guardOf(Array.isArray(data) ? { pred: 'keys-all', keys: data } : data);
  }

  #look(table: string, key: string): Row | undefined {
    return this.#writes.get(table)?.get(key) ?? this.#draft.get(table, key);
  }

  #read(table: string, key: string): Row | undefined {
    const row = this.#look(table, key);
    this.charge(milligas.read(row));
    return row;
  }

  #write(table: string, key: string, row: Row): void {
    this.charge(milligas.write(row));
    this.#keep(table, key, row);
  }

  #keep(table: string, key: string, row: Row): void {
    const rows = this.#writes.get(table) ?? new Map<string, Row>();
    this.#writes.set(table, rows.set(key, row));
  }

  #emit(module: PactModule, name: string, params: readonly PactValue[]): void {
    this.charge(milligas.event);
    this.events.push(eventOf(module, name, params));
  }
}

export function eventOf(
  { name: full, hash }: PactModule,
  name: string,
  params: readonly PactValue[],
): PactEvent {
  const dot = full.indexOf('.');
  const module = { namespace: dot < 0 ? null : full.slice(0, dot), name: full.slice(dot + 1) };
  return { name, params, module, moduleHash: hash };
}

function sameCapability(a: Capability, b: Capability): boolean {
  return (
    a.name === b.name &&
    a.args.length === b.args.length &&
    a.args.every((arg, i) => sameValue(arg, b.args[i]))
  );
}
