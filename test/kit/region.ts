import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Random, type SigningKey, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import {
  createDevelopmentKeys,
  createDisk,
  type Disk,
  openSignerService,
  type SignerService,
} from '@stoa/signer';
import { inProcessSigner, type SignerClient } from '@stoa/signer/client';

export interface TestRegion extends AsyncDisposable {
  readonly name: string;
  readonly signer: SignerClient;
  readonly service: SignerService;
  /** A client of its own, for a hub that closes the one it is given. */
  connect(): SignerClient;
  /** Of each hub instance that the region knows: `hub-1`, `hub-2`. */
  instanceKeyOf(instance: string): SigningKey;
  readonly rootFingerprint: Uint8Array;
}

/** A region's keys and signer in this process, for the hub instances `hub-1` and `hub-2`. */
export async function createRegion(by: {
  clock: { now(): number };
  random: Random;
  name?: string;
  /** The machine's own unless given; in memory, enrolments cost a tenth. */
  disk?: Disk;
  /** Of `hub-1`. */
  instanceKey?: SigningKey;
}): Promise<TestRegion> {
  const { clock, random, name = 'local', disk = createDisk() } = by;
  const dir = by.disk === undefined ? await mkdtemp(join(tmpdir(), 'stoa-region-')) : '/region';
  const { instanceKey = nodeCrypto.signingKey(random(32)) } = by;
  const instanceKeys = new Map([
    ['hub-1', instanceKey],
    ['hub-2', nodeCrypto.signingKey(random(32))],
  ]);
  const instances = Array.from(instanceKeys, ([instance, { publicKey }]) => ({ instance, publicKey }));
  const keys = await createDevelopmentKeys({ dir, region: name, clock, random, disk, instances });
  const service = await openSignerService({
    dir,
    disk,
    unlock: keys.unlock,
    clock,
    policy: { enrolmentsPerHour: 1_000_000, enrolmentsPerToken: 1_000_000, instanceCertsPerDay: 1_000_000 },
  });
  return {
    name,
    service,
    signer: inProcessSigner(service),
    connect: () => inProcessSigner(service),
    instanceKeyOf(instance) {
      const key = instanceKeys.get(instance);
      if (key === undefined) throw new Error(`the region has no instance '${instance}'`);
      return key;
    },
    rootFingerprint: keys.rootFingerprint,
    async [Symbol.asyncDispose]() {
      await service.close();
      if (by.disk === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

export function nodeIdOf(key: SigningKey): { bytes: Uint8Array; hex: string } {
  const bytes = nodeCrypto.hash(key.publicKey);
  return { bytes, hex: toHex(bytes) };
}
