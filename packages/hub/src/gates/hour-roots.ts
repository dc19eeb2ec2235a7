import { type HubParty, minuteRootKind, peekInstanceCert, seal } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { Task } from '../ticker.ts';
import { packGroups } from './packed-groups.ts';
import type { RootCheck } from './root-check.ts';
import type { RootStore } from './root-store.ts';

const HOUR_MS = 3_600_000;
/** After the hour's end its last minute is set with the second tick of the next; then all is stored. */
export const SETTLED_MS: number = 5 * 60_000;
/** Hours back that are still signed: an instance that was away for longer has nobody left who believes it. */
export const HOURS_BACK = 24;

export interface HourRootsDeps {
  readonly roots: RootStore;
  readonly check: Pick<RootCheck, 'rootOf' | 'isSigned'>;
  readonly instanceId: string;
  /** The last hour of which this instance has stored all that it judged; undefined: it has not ticked yet. */
  readonly settledThrough: () => number | undefined;
  readonly party: () => HubParty;
  readonly clock: Clock;
}

/**
 * Signs what this instance judged, an hour at a time, once all of it is stored: a Merkle root over its words. Whoever changes a
 * word afterwards, or writes words in another's name, is found out by `RootCheck`.
 */
export class HourRoots implements Task {
  readonly name = 'hour-roots';
  readonly periodMs = 60_000;
  readonly #deps: HourRootsDeps;
  /** Nothing is written any more about hours up to this one, and what was is signed. */
  #doneThrough = Number.NEGATIVE_INFINITY;

  constructor(deps: HourRootsDeps) {
    this.#deps = deps;
  }

  /** What is held while the database is away is not signed without: it would seem to be altered later. */
  async tick(): Promise<void> {
    const { roots, check, instanceId, clock, settledThrough } = this.#deps;
    const settled = settledThrough();
    if (settled === undefined || !this.#isCertified()) return;
    const last = Math.min(settled, Math.floor((clock.now() - SETTLED_MS) / HOUR_MS) - 1);
    const from = Math.max(last - HOURS_BACK, this.#doneThrough + 1);
    if (from > last) return;
    // A row in this instance's name that it did not sign is no reason to be silent.
    for (const hubHour of await roots.judged(instanceId, { from, until: last }))
      if (!(await check.isSigned(instanceId, hubHour))) await this.#sign(hubHour);
    this.#doneThrough = last;
  }

  /** The signer may be away for longer than a certificate lasts (F17): what is signed then proves nothing. */
  #isCertified(): boolean {
    const { party, clock } = this.#deps;
    return peekInstanceCert(party().chain.instance).notAfter > clock.now();
  }

  async #sign(hubHour: number): Promise<void> {
    const { roots, check, instanceId, party, clock } = this.#deps;
    const { words, root, groups } = await check.rootOf(instanceId, hubHour);
    const { key, chain } = party();
    const sealed = seal(minuteRootKind, { instance: instanceId, hubHour, words, root }, key);
    const { region, instance } = chain;
    const signed = { instanceId, hubHour, sealed, groups: packGroups(groups), region, instance };
    await roots.put(signed, new Date(clock.now()));
  }
}
