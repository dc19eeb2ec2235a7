import { createHash } from 'node:crypto';
import { type Random, type SigningKey, utf8 } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { createDevelopmentKeys, type DevelopmentKeys } from '#development.ts';
import { MemoryDisk } from '#memory-disk.fixture.ts';
import type { SignerPolicy } from '#policy.ts';
import { openSignerService, type SignerService } from '#service.ts';

export const START: number = Date.UTC(2026, 10, 25);
export const DIR = '/signer';

/** The same bytes in every run. */
export function seededRandom(seed: string): Random {
  let calls = 0;
  return (count) => {
    const blocks: Buffer[] = [];
    for (let at = 0; at < count; at += 64) {
      calls += 1;
      blocks.push(
        createHash('sha512')
          .update(utf8(`${seed}|${calls}`))
          .digest(),
      );
    }
    return new Uint8Array(Buffer.concat(blocks).subarray(0, count));
  };
}

export function signingKey(name: string): SigningKey {
  return nodeCrypto.signingKey(seededRandom(name)(32));
}

/** A region with one registered hub, on a disk in memory. */
export class TestRegion {
  readonly disk: MemoryDisk = new MemoryDisk();
  readonly clock: { at: number; now(): number } = {
    at: START,
    now() {
      return this.at;
    },
  };
  readonly random: Random = seededRandom('region');
  readonly hubKey: SigningKey = signingKey('hub-1');
  readonly policy: Partial<SignerPolicy>;
  #keys: DevelopmentKeys | undefined;

  constructor(policy: Partial<SignerPolicy> = {}) {
    this.policy = policy;
  }

  async make(): Promise<DevelopmentKeys> {
    const { disk, clock, random, hubKey, policy } = this;
    const instances = [{ instance: 'hub-1', publicKey: hubKey.publicKey }];
    this.#keys = await createDevelopmentKeys({
      dir: DIR,
      region: 'eu',
      clock,
      random,
      disk,
      policy,
      instances,
    });
    return this.#keys;
  }

  async open(options: { acceptClockLeap?: boolean } = {}): Promise<SignerService> {
    const { unlock } = this.#keys ?? (await this.make());
    const { disk, clock } = this;
    return openSignerService({ dir: DIR, unlock, clock, disk, ...options });
  }
}
