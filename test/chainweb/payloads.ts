import {
  type Header,
  hashText,
  inputLeaf,
  merkleRoot,
  type Payload,
  payloadHash,
  sha512t256,
} from '@stoa/protocol/chainweb';

/** Keys that blocks are mined to, the more often the earlier. */
const MINERS = ['a1', 'b2', 'c3'].map((pair) => pair.repeat(32));

/** Of a block in the making. */
export interface PayloadPlace {
  readonly chain: number;
  readonly height: number;
  /** Undefined for the genesis. */
  readonly parent: Header | undefined;
  readonly salt: number;
  readonly branch: number;
}

/** A transaction as a payload holds it, and what came of it. */
export interface PayloadPart {
  readonly transaction: Uint8Array;
  readonly output: Uint8Array;
}

interface Entry extends Payload {
  readonly outputs: readonly Uint8Array[];
}

/** What each block holds: its miner, its transactions, and outputs that no other block has. */
export class PayloadBook {
  readonly #payloads = new Map<string, Entry>();
  readonly #proven: boolean;

  /** @param proven whether hashes are computed, or just names that no two blocks share */
  constructor(proven: boolean) {
    this.#proven = proven;
  }

  add(place: PayloadPlace, parts: readonly PayloadPart[] = []): string {
    const name = this.#nameOf(place);
    const outputs = parts.map(({ output }) => output);
    const entry: Entry = {
      minerData: minerDataOf(name),
      transactions: parts.map(({ transaction }) => transaction),
      outputsHash: hashText(parts.length === 0 ? name : sha512t256(Buffer.concat([name, ...outputs]))),
      outputs,
    };
    const hash = this.#proven || parts.length > 0 ? payloadHash(entry) : entry.outputsHash;
    this.#payloads.set(hash, entry);
    return hash;
  }

  /** Account that the block is mined to. */
  minerOf(place: PayloadPlace): string {
    return accountOf(keyOf(this.#nameOf(place)));
  }

  get(hash: string): Payload | undefined {
    return this.#payloads.get(hash);
  }

  /** As the `payload` API tells one. */
  json(hash: string): object | undefined {
    const payload = this.#payloads.get(hash);
    return (
      payload && {
        transactions: payload.transactions.map(base64url),
        minerData: base64url(payload.minerData),
        transactionsHash: transactionsHash(payload),
        outputsHash: payload.outputsHash,
        payloadHash: hash,
      }
    );
  }

  /** As `payload/{hash}/outputs` tells one. */
  outputsJson(hash: string): object | undefined {
    const payload = this.#payloads.get(hash);
    const coinbase = {
      gas: 0,
      result: { status: 'success', data: 'Write succeeded' },
      reqKey: hash,
      txId: null,
    };
    return (
      payload && {
        transactions: payload.transactions.map((each, i) => [
          base64url(each),
          base64url(payload.outputs[i]!),
        ]),
        minerData: base64url(payload.minerData),
        transactionsHash: transactionsHash(payload),
        outputsHash: payload.outputsHash,
        payloadHash: hash,
        coinbase: base64url(Buffer.from(JSON.stringify(coinbase))),
      }
    );
  }

  #nameOf({ chain, height, parent, salt, branch }: PayloadPlace): Uint8Array {
    if (this.#proven)
      return sha512t256(new TextEncoder().encode(`${chain} ${height} ${parent?.hash ?? ''} ${salt}`));
    const name = new Uint8Array(32);
    new Uint32Array(name.buffer).set([salt, chain, height, branch]);
    return name;
  }
}

/** Tags of chainweb's hash universe, as `payloadHash` has them. */
function transactionsHash({ minerData, transactions }: Payload): string {
  return hashText(
    merkleRoot([inputLeaf(0x17, minerData), ...transactions.map((bytes) => inputLeaf(0x13, bytes))]),
  );
}

const minerData = new Map(
  MINERS.map((key) => {
    const miner = { account: accountOf(key), predicate: 'keys-all', 'public-keys': [key] };
    return [key, Buffer.from(JSON.stringify(miner))];
  }),
);

function minerDataOf(name: Uint8Array): Uint8Array {
  return minerData.get(keyOf(name))!;
}

function keyOf(name: Uint8Array): string {
  return MINERS[Math.min(name[0]! % 4, MINERS.length - 1)]!;
}

function accountOf(key: string): string {
  return `k:${key}`;
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
