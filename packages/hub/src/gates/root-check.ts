import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type ChainPolicy,
  type CryptoSuite,
  concat,
  equalBytes,
  fromHex,
  type MinuteRoot,
  merkleRoot,
  minuteRootKind,
  open,
  ProtocolError,
  type SignedKind,
  utf8,
  verifyHubChain,
} from '@stoa/protocol';
import type { RootStore } from './root-store.ts';
import type { StoredWord, WordStore } from './word-store.ts';

const HOUR_MS = 3_600_000;

export const FAULTS = ['unsigned', 'forged', 'altered'] as const;

/**
 * What is wrong with an instance's hour. Each names the instance.
 * - unsigned: nothing is there by which it could be held to its words
 * - forged: what is there, no instance of that name and region signed
 * - altered: its words are not those that it signed
 */
export type HourFault = (typeof FAULTS)[number];

/** What an instance signed, with the certificates by which it did. */
export interface InstanceSeal {
  readonly sealed: Uint8Array;
  readonly region: Uint8Array;
  readonly instance: Uint8Array;
}

export interface RootCheckDeps {
  readonly roots: Pick<RootStore, 'find'>;
  readonly words: Pick<WordStore, 'ofInstance'>;
  readonly region: string;
  /** Public key of the region's root. */
  readonly root: () => Uint8Array;
  readonly crypto: CryptoSuite;
}

/** Holds the words of an instance's hour against the root that it signed over them. */
export class RootCheck {
  readonly #deps: RootCheckDeps;

  constructor(deps: RootCheckDeps) {
    this.#deps = deps;
  }

  /** Undefined where the instance's words of the hour are as it signed them. */
  async verify(instanceId: string, hubHour: number): Promise<HourFault | undefined> {
    const signed = await this.#deps.roots.find(instanceId, hubHour);
    if (signed === undefined) return 'unsigned';
    const said = this.rootIn(signed);
    if (said === undefined || said.instance !== instanceId || said.hubHour !== hubHour) return 'forged';
    const now = await this.rootOf(instanceId, hubHour);
    return now.words === said.words && equalBytes(now.root, said.root) ? undefined : 'altered';
  }

  /** A root as it was signed; undefined where whom it names did not. */
  rootIn(signed: InstanceSeal & { readonly hubHour: number }): MinuteRoot | undefined {
    const opened = this.opened(minuteRootKind, signed, signed.hubHour * HOUR_MS);
    return opened?.by === opened?.said.instance ? opened?.said : undefined;
  }

  /** Who of the region signed this, and what; undefined: nobody. @param at when its certificates held, ms since 1970. */
  opened<Body>(
    kind: SignedKind<Body>,
    { sealed, region, instance }: InstanceSeal,
    at: number,
  ): { said: Body; by: string } | undefined {
    const { root, crypto } = this.#deps;
    try {
      const chain = { root: root(), region, instance };
      const signer = verifyHubChain(chain, this.#policy(at), crypto).instance;
      return { said: open(kind, sealed, crypto, signer.publicKey), by: signer.instance };
    } catch (error) {
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
  }

  /** Over the words as they stand. */
  async rootOf(instanceId: string, hubHour: number): Promise<{ words: number; root: Uint8Array }> {
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

  #policy(timeFloor: number): ChainPolicy {
    const { root, region, crypto } = this.#deps;
    return { rootFingerprint: crypto.hash(root()), region, timeFloor, minInstanceSerial: 0 };
  }
}

function leafOf({ nodeId, epoch, sessionId, bootId, judged, failures }: StoredWord): Uint8Array {
  const numbers = new Uint8Array(8 * (2 + failures.length));
  const view = new DataView(numbers.buffer);
  for (const [i, value] of [BigInt(epoch), judged, ...failures].entries()) view.setBigUint64(i * 8, value);
  return concat(fromHex(nodeId), utf8(`${sessionId} ${bootId} `), numbers);
}
