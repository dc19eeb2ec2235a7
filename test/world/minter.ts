import { join } from 'node:path';
import { type SigningKey, seal, toHex } from '@stoa/protocol';
import type { EpochPlan } from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import {
  contractOf,
  createDisk,
  createMintSigner,
  DEFAULT_MINT_POLICY,
  type MintConfig,
  type MintService,
  openMintService,
  planApprovalKind,
  unlockWithPassphrase,
} from '@stoa/signer';
import { inProcessMintSigner, type MintSignerClient } from '@stoa/signer/client';
import { random } from '../kit/wire-agent.ts';

/** Where a simulated network has its register. */
export const REGISTER = {
  namespace: `n_${'0'.repeat(40)}`,
  module: 'register',
  moduleHash: 'simulated'.padEnd(43, '-'),
} as const;

const APPROVER = 'ann';

/** The minter's signer in this process, with its policy and its journal on the disk, and the one person who approves. */
export class Minter implements AsyncDisposable {
  /** Hex. */
  readonly publicKey: string;
  readonly #service: MintService;
  readonly #config: MintConfig;
  readonly #person: SigningKey;

  private constructor(by: {
    publicKey: string;
    service: MintService;
    config: MintConfig;
    person: SigningKey;
  }) {
    this.publicKey = by.publicKey;
    this.#service = by.service;
    this.#config = by.config;
    this.#person = by.person;
  }

  static async open(by: { directory: string; networkId: string; clock: { now(): number } }): Promise<Minter> {
    const { clock, networkId } = by;
    const person = nodeCrypto.signingKey(random(32));
    const config: MintConfig = {
      ...{ ...REGISTER, networkId, sender: '', threshold: 1, people: 1, policy: DEFAULT_MINT_POLICY },
      approvers: [{ name: APPROVER, role: 'person', publicKey: toHex(person.publicKey) }],
    };
    const place = { dir: join(by.directory, 'minter'), disk: createDisk() };
    const unlock = unlockWithPassphrase(toHex(random(16)));
    const publicKey = await createMintSigner(place, { config, unlock, random, now: clock.now() });
    const service = await openMintService({ ...place, unlock, clock });
    return new Minter({ publicKey, service, config, person });
  }

  connect(): MintSignerClient {
    return inProcessMintSigner(this.#service);
  }

  /** Her word on a plan that she has recomputed. */
  approve({ epoch, hash, points }: EpochPlan, by: { region: string; nodes: number; at: number }): Uint8Array {
    const { region, nodes, at } = by;
    const where = { networkId: this.#config.networkId, contract: contractOf(this.#config) };
    return seal(
      planApprovalKind,
      { ...where, approver: APPROVER, at, epoch, hash, points, regions: [{ region, nodes, points }] },
      this.#person,
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#service.close();
  }
}
