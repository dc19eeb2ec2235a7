import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type ChainPolicy,
  type CryptoSuite,
  concat,
  equalBytes,
  fromHex,
  type HubParty,
  merkleRoot,
  minuteRootKind,
  open,
  ProtocolError,
  seal,
  utf8,
  verifyHubChain,
} from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { Task } from '../ticker.ts';
import type { RootStore } from './root-store.ts';
import type { StoredWord, WordStore } from './word-store.ts';

const HOUR_MS = 3_600_000;
/** After the hour's end its last minute is set with the second tick of the next; then all is stored. */
const SETTLED_MS = 5 * 60_000;
/** Hours back that are still signed: an instance that was away for longer has nobody left who believes it. */
const HOURS_BACK = 24;

export interface HourRootsDeps {
  readonly roots: RootStore;
  readonly words: WordStore;
  readonly instanceId: string;
  readonly region: string;
  readonly party: () => HubParty;
  readonly clock: Clock;
  readonly crypto: CryptoSuite;
}

/** What is wrong with an instance's hour. Each names the instance. */
export type HourFault = 'unsigned' | 'forged' | 'altered';

/**
 * Signs what this instance judged, an hour at a time, once all of it is stored: a Merkle root over its words. Whoever changes a
 * word afterwards, or writes words in another's name, is found out by `verify`.
 */
export class HourRoots implements Task {
  readonly name = 'hour-roots';
  readonly periodMs = 60_000;
  readonly #deps: HourRootsDeps;

  constructor(deps: HourRootsDeps) {
    this.#deps = deps;
  }

  async tick(): Promise<void> {
    const { roots, instanceId, clock } = this.#deps;
    const last = Math.floor((clock.now() - SETTLED_MS) / HOUR_MS) - 1;
    for (const hubHour of await roots.unsigned(instanceId, { from: last - HOURS_BACK, until: last }))
      await this.#sign(hubHour);
  }

  /** Undefined where the instance's words of the hour are as it signed them. */
  async verify(instanceId: string, hubHour: number): Promise<HourFault | undefined> {
    const { roots, crypto } = this.#deps;
    const signed = await roots.find(instanceId, hubHour);
    if (signed === undefined) return 'unsigned';
    try {
      const { root } = this.#deps.party().chain;
      const { instance } = verifyHubChain({ root, ...signed }, this.#policy(hubHour), crypto);
      const said = open(minuteRootKind, signed.sealed, crypto, instance.publicKey);
      if (instance.instance !== instanceId || said.instance !== instanceId || said.hubHour !== hubHour)
        return 'forged';
      const now = await this.#rootOf(instanceId, hubHour);
      return now.words === said.words && equalBytes(now.root, said.root) ? undefined : 'altered';
    } catch (error) {
      if (error instanceof ProtocolError) return 'forged';
      throw error;
    }
  }

  /** Certified in the hour that it is about. */
  #policy(hubHour: number): ChainPolicy {
    const { party, region, crypto } = this.#deps;
    const rootFingerprint = crypto.hash(party().chain.root);
    return { rootFingerprint, region, timeFloor: hubHour * HOUR_MS, minInstanceSerial: 0 };
  }

  async #sign(hubHour: number): Promise<void> {
    const { roots, instanceId, party, clock } = this.#deps;
    const made = await this.#rootOf(instanceId, hubHour);
    const { key, chain } = party();
    const sealed = seal(minuteRootKind, { instance: instanceId, hubHour, ...made }, key);
    const { region, instance } = chain;
    await roots.put({ instanceId, hubHour, sealed, region, instance }, new Date(clock.now()));
  }

  async #rootOf(instanceId: string, hubHour: number): Promise<{ words: number; root: Uint8Array }> {
    const { words, crypto } = this.#deps;
    const pages: Uint8Array[] = [];
    let count = 0;
    for await (const page of words.ofInstance(instanceId, hubHour)) {
      pages.push(merkleRoot(page.map(leafOf), crypto.hash));
      count += page.length;
      await nextTurn();
    }
    return { words: count, root: merkleRoot(pages, crypto.hash) };
  }
}

function leafOf({ nodeId, epoch, sessionId, bootId, judged, failures }: StoredWord): Uint8Array {
  const numbers = new Uint8Array(8 * (2 + failures.length));
  const view = new DataView(numbers.buffer);
  for (const [i, value] of [BigInt(epoch), judged, ...failures].entries()) view.setBigUint64(i * 8, value);
  return concat(fromHex(nodeId), utf8(`${sessionId} ${bootId} `), numbers);
}
