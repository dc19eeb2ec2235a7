import type { SigningKey } from '@stoa/protocol';
import type { RegionCertificates } from '#authority/certificates.ts';
import type { Act } from '#journal/entry.ts';
import type { RegionState } from '#journal/region-state.ts';
import type { SignerPolicy } from '#policy.ts';

/** What a region's signer has before the root certified it. Nothing here changes while an act is decided. */
export interface Office {
  readonly region: string;
  readonly keys: RegionKeys;
  readonly policy: SignerPolicy;
  readonly state: RegionState;
  /** The signer's time. */
  readonly now: number;
}

/** All that a signature is decided on. */
export interface Authority extends Office {
  readonly certificates: RegionCertificates;
}

export interface RegionKeys {
  readonly instances: SigningKey;
  readonly enrol: SigningKey;
  readonly authority: SigningKey;
}

/** The answer may leave the signer only after its act, if there is one, is on the medium. */
export interface Decision<T> {
  readonly act?: Act;
  readonly answer: T;
}
