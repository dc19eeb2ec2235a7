import {
  type Binding,
  bytes,
  type Decoded,
  decodeExact,
  encode,
  equalBytes,
  type HubParty,
  hubChain,
  type InstanceCert,
  peek,
  peekInstanceCert,
  record,
  regionCertKind,
  regionTimeKind,
  type SigningKey,
} from '@stoa/protocol';
import { renewalDue, type SignerClient } from '@stoa/signer/client';
import type { Clock } from '../clock.ts';
import { HubError } from '../error.ts';
import type { Log } from '../log.ts';
import { RareLog } from '../rare-log.ts';

/** Public documents, kept so that the hub starts while the signer is away (F17). */
const kept = record({ chain: hubChain, regionTime: bytes(512), authority: bytes(512) });
type Kept = Decoded<typeof kept>;

/** The certificates among what an instance keeps of itself. */
export function keptChain(stored: Uint8Array): Kept['chain'] {
  return decodeExact(kept, stored).chain;
}

export interface HubIdentityDeps {
  readonly instanceId: string;
  readonly key: SigningKey;
  readonly binding: Binding;
  /** What this hub offers (`CAPABILITY`). */
  readonly capabilities: number;
  readonly signer: Pick<SignerClient, 'instanceCert' | 'regionTime'>;
  readonly cache: { load(): Promise<Uint8Array | undefined>; save(bytes: Uint8Array): Promise<void> };
  readonly clock: Clock;
  readonly log: Log;
}

interface Proof extends Kept {
  readonly party: HubParty;
  readonly cert: InstanceCert;
}

const HOUR_MS = 3_600_000;
const AWAY = 'signer away';

/** This instance's proof of itself: renewed from a third of its life on, so that the signer may be away for days. */
export class HubIdentity {
  readonly name = 'hub-identity';
  readonly periodMs = 60_000;
  readonly #deps: HubIdentityDeps;
  readonly #rarely: RareLog;
  #proof: Proof | undefined;

  constructor(deps: HubIdentityDeps) {
    this.#deps = deps;
    this.#rarely = new RareLog({ ...deps, everyMs: HOUR_MS });
  }

  /** From the signer, or from what was kept while that is still valid. @throws what the signer's client throws. */
  async start(): Promise<void> {
    try {
      await this.#renew();
    } catch (error) {
      const before = await this.#fromCache();
      if (before === undefined) throw error;
      this.#deps.log.warn(
        { err: error, notAfter: new Date(before.cert.notAfter) },
        'the signer is away: going on with the certificate kept',
      );
      this.#proof = before;
    }
  }

  /** While the signer is away, what is held is held on to, and that is said once an hour. */
  async tick(): Promise<void> {
    try {
      await this.#renew();
      if (this.#rarely.forget(AWAY)) this.#deps.log.info('the signer answers again');
    } catch (error) {
      const held = this.#proof;
      if (held === undefined) throw error;
      const { notAfter } = held.cert;
      const expired = notAfter <= this.#deps.clock.now();
      this.#rarely.write(expired ? 'error' : 'warn', AWAY, {
        fields: { err: error, notAfter: new Date(notAfter) },
        message: expired
          ? 'the instance certificate has expired: sessions go on, new ones are refused by the agents until the signer answers'
          : 'the signer is away: going on with the certificate held',
      });
    }
  }

  async #renew(): Promise<void> {
    const { signer, clock, cache } = this.#deps;
    const { regionTime, authority } = await signer.regionTime();
    // A serial that the region retires is renewed before its time is told, or agents would refuse this hub meanwhile.
    const { minInstanceSerial } = peek(regionTimeKind, regionTime);
    const held = this.#proof;
    const due = held === undefined || renewalDue(held.cert, clock.now(), minInstanceSerial);
    const chain = due ? await this.#certify() : held.chain;
    if (!due && equalBytes(held.regionTime, regionTime)) return;
    this.#proof = this.#proofOf({ chain, regionTime, authority });
    await cache.save(encode(kept, { chain, regionTime, authority }));
  }

  /** When what it proves itself by ends, milliseconds since 1970, and how long before it should have been renewed. */
  get expiries(): readonly { name: string; notAfter: number; warnMs: number }[] {
    const { cert, chain } = this.proof;
    const region = peek(regionCertKind, chain.region);
    return [
      { name: `Certificate of ${cert.instance}`, notAfter: cert.notAfter, warnMs: 24 * HOUR_MS },
      // Only the offline root renews it: people need time to bring it out.
      { name: `Certificate of region ${cert.region}`, notAfter: region.notAfter, warnMs: 30 * 24 * HOUR_MS },
    ];
  }

  /** What Challenge and Welcome carry. */
  get proof(): Proof {
    if (this.#proof === undefined)
      throw new HubError(
        'no_certificate',
        'this instance has no certificate yet: the signer has not answered',
        {
          retry: true,
        },
      );
    return this.#proof;
  }

  async #certify(): Promise<Kept['chain']> {
    const { signer, key, instanceId, log } = this.#deps;
    const chain = await signer.instanceCert({ instance: instanceId, key });
    const { serial, notAfter } = peekInstanceCert(chain.instance);
    log.info({ serial, notAfter: new Date(notAfter) }, 'instance certificate issued');
    return chain;
  }

  async #fromCache(): Promise<Proof | undefined> {
    const stored = await this.#deps.cache.load();
    if (stored === undefined) return undefined;
    const proof = this.#proofOf(decodeExact(kept, stored));
    const ours = equalBytes(proof.cert.publicKey, this.#deps.key.publicKey);
    return ours && proof.cert.notAfter > this.#deps.clock.now() ? proof : undefined;
  }

  #proofOf(documents: Kept): Proof {
    const { key, binding, capabilities } = this.#deps;
    const party = { key, chain: documents.chain, binding, capabilities };
    return { ...documents, party, cert: peekInstanceCert(documents.chain.instance) };
  }
}
