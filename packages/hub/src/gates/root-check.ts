import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type ChainPolicy,
  type CryptoSuite,
  concat,
  equalBytes,
  type MinuteRoot,
  merkleRoot,
  minuteRootKind,
  open,
  ProtocolError,
  type SignedKind,
  utf8,
  verifyHubChain,
} from '@stoa/protocol';
import { groupOf } from './left-out.ts';
import { packedGroups } from './packed-groups.ts';
import type { RootStore, SignedRoot } from './root-store.ts';
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
  readonly roots: Pick<RootStore, 'of'>;
  readonly words: Pick<WordStore, 'ofInstance'>;
  readonly region: string;
  /** Public key of the region's root. */
  readonly root: () => Uint8Array;
  readonly crypto: CryptoSuite;
}

/** An instance's words of an hour as they stand. */
export interface HourOfWords {
  readonly words: number;
  readonly root: Uint8Array;
  /** By `groupOf`, the root of its words. */
  readonly groups: ReadonlyMap<string, Uint8Array>;
}

/** How an instance's words stand against what it signed. */
export interface HourVerdict {
  readonly fault: HourFault | undefined;
  /** Groups of which words stand that it did not sign; `all` where none can be told from another. */
  readonly unsigned: 'all' | readonly string[];
}

const HOLDS: HourVerdict = { fault: undefined, unsigned: [] };

/** Holds the words of an instance's hour against the root that it signed over them. */
export class RootCheck {
  readonly #deps: RootCheckDeps;

  constructor(deps: RootCheckDeps) {
    this.#deps = deps;
  }

  /** Undefined where the instance's words of the hour are as it signed them. */
  async verify(instanceId: string, hubHour: number): Promise<HourFault | undefined> {
    return (await this.look(instanceId, hubHour)).fault;
  }

  /** Whoever adds a word in another's name, or a root, takes from that one no more than the group that the word is in. */
  async look(instanceId: string, hubHour: number): Promise<HourVerdict> {
    const roots = await this.#deps.roots.of(instanceId, hubHour);
    if (roots.length === 0) return { fault: 'unsigned', unsigned: 'all' };
    const signed = roots.filter((root) => this.#isOf(root, instanceId, hubHour));
    if (signed.length === 0) return { fault: 'forged', unsigned: 'all' };
    const now = await this.rootOf(instanceId, hubHour);
    let best: readonly string[] | undefined;
    for (const { groups } of signed) {
      const said = packedGroups(groups);
      const strange = [...now.groups].filter(([group, root]) => !isEqual(said.get(group), root));
      if (strange.length === 0 && said.size === now.groups.size) return HOLDS;
      if (best === undefined || strange.length < best.length) best = strange.map(([group]) => group);
    }
    return { fault: 'altered', unsigned: best ?? 'all' };
  }

  /** Whether it vouched for its hour, however its words stand by now. */
  async isSigned(instanceId: string, hubHour: number): Promise<boolean> {
    const roots = await this.#deps.roots.of(instanceId, hubHour);
    return roots.some((root) => this.#isOf(root, instanceId, hubHour));
  }

  #isOf(signed: SignedRoot, instanceId: string, hubHour: number): boolean {
    const said = this.rootIn(signed);
    if (said?.instance !== instanceId || said.hubHour !== hubHour) return false;
    return equalBytes(this.#rootOver(packedGroups(signed.groups)), said.root);
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
  async rootOf(instanceId: string, hubHour: number): Promise<HourOfWords> {
    const { words, crypto } = this.#deps;
    const groups = new Map<string, Uint8Array>();
    let [count, current, leaves]: [number, string, Uint8Array[]] = [0, '', []];
    const end = () => {
      if (leaves.length > 0) groups.set(current, merkleRoot(leaves, crypto.hash));
      leaves = [];
    };
    for await (const page of words.ofInstance(instanceId, hubHour)) {
      for (const word of page) {
        const group = groupOf(word.nodeId);
        if (group !== current) end();
        current = group;
        leaves.push(leafOf(word));
      }
      count += page.length;
      await nextTurn();
    }
    end();
    return { words: count, root: this.#rootOver(groups), groups };
  }

  #rootOver(groups: ReadonlyMap<string, Uint8Array>): Uint8Array {
    const leaves = [...groups].map(([group, root]) => concat(utf8(group), root));
    return merkleRoot(leaves, this.#deps.crypto.hash);
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
  return concat(utf8(JSON.stringify([nodeId, sessionId, bootId])), numbers);
}

function isEqual(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && equalBytes(a, b);
}
