import {
  type Binding,
  type HubParty,
  type InstanceCert,
  peekInstanceCert,
  type SigningKey,
} from '@stoa/protocol';
import { renewalDue, type SignerClient } from '@stoa/signer/client';
import type { Clock } from '../clock.ts';
import { HubError } from '../error.ts';
import type { Log } from '../log.ts';

export interface HubIdentityDeps {
  readonly instanceId: string;
  readonly key: SigningKey;
  readonly binding: Binding;
  readonly signer: Pick<SignerClient, 'instanceCert' | 'regionTime'>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Current {
  readonly party: HubParty;
  readonly cert: InstanceCert;
  readonly regionTime: Uint8Array;
  readonly authority: Uint8Array;
}

/** This instance's proof of itself: renewed from a third of its life on, so that the signer may be away for days. */
export class HubIdentity {
  readonly name = 'hub-identity';
  readonly periodMs = 60_000;
  readonly #deps: HubIdentityDeps;
  #current: Current | undefined;

  constructor(deps: HubIdentityDeps) {
    this.#deps = deps;
  }

  /** Also the start: nothing else may be called before its first success. */
  async tick(): Promise<void> {
    const { signer, clock } = this.#deps;
    const { regionTime, authority } = await signer.regionTime();
    const held = this.#current;
    const issued = held === undefined || renewalDue(held.cert, clock.now()) ? await this.#certify() : held;
    this.#current = { ...issued, regionTime, authority };
  }

  /** What Challenge and Welcome carry. */
  get proof(): Current {
    if (this.#current === undefined)
      throw new HubError(
        'no_certificate',
        'this instance has no certificate yet: the signer has not answered',
        { retry: true },
      );
    return this.#current;
  }

  async #certify(): Promise<Pick<Current, 'party' | 'cert'>> {
    const { signer, key, instanceId, binding, log } = this.#deps;
    const chain = await signer.instanceCert({ instance: instanceId, key });
    const cert = peekInstanceCert(chain.instance);
    log.info({ serial: cert.serial, notAfter: new Date(cert.notAfter) }, 'instance certificate issued');
    return { party: { key, chain, binding, capabilities: 0 }, cert };
  }
}
