import { type SigningKey, seal, toHex } from '@stoa/protocol';
import {
  type CommandSetting,
  chainDigest,
  type EpochPlan,
  enrolmentDigest,
  epochOf,
  MINT_CHAINS,
  type MintAct,
  owningChain,
  planEpoch,
} from '@stoa/protocol/mint';
import { expect } from 'vitest';
import { createUnlockKeyFile, type Unlock, unlockWithKeyFile } from '#keys/unlock.ts';
import { MemoryDisk } from '#memory-disk.fixture.ts';
import { enrolmentApprovalKind, planApprovalKind, restartApprovalKind } from '#mint/approval.ts';
import { inProcessMintSigner, type MintSignerClient } from '#mint/client.ts';
import { contractOf, DEFAULT_MINT_POLICY, type MintConfig, type MintPolicy } from '#mint/config.ts';
import { createMintSigner } from '#mint/making.ts';
import type { MintRefusalCode } from '#mint/refusal.ts';
import type { SigningGround } from '#mint/request.ts';
import { type MintService, openMintService } from '#mint/service.ts';
import { START, seededRandom, signingKey } from '#region.fixture.ts';

export const MINT_DIR = '/mint';
export const EPOCH: number = epochOf(START);

const APPROVERS = { robot: 'program', ann: 'person', ben: 'person' } as const;
export type ApproverName = keyof typeof APPROVERS;
const KEYS: Record<ApproverName, SigningKey> = {
  robot: signingKey('robot'),
  ann: signingKey('ann'),
  ben: signingKey('ben'),
};

function mintConfig(policy: Partial<MintPolicy> = {}, threshold = 1): MintConfig {
  return {
    networkId: 'stoa',
    namespace: `n_${'ab'.repeat(20)}`,
    module: 'mint',
    moduleHash: 'm'.repeat(43),
    sender: '',
    approvers: Object.entries(APPROVERS).map(([name, role]) => ({
      name,
      role,
      publicKey: toHex(KEYS[name as ApproverName].publicKey),
    })),
    threshold,
    people: 2,
    policy: { ...DEFAULT_MINT_POLICY, ...policy },
  };
}

/** Sixty slots on each chain; the points of each are told for chain 0, on the others everybody has one. */
export function planOf(epoch: number, points: readonly number[] = [5, 0, 7], cutId = 'cut'): EpochPlan {
  const others = Array.from({ length: 60 }, () => 1);
  const chains = Array.from({ length: MINT_CHAINS }, (_, chain) => ({
    chain,
    slots: 60,
    points: chain === 0 ? points : others,
  }));
  return planEpoch({ epoch, cutId, chains });
}

export const ACCOUNTS: readonly string[] = Array.from(
  { length: 200 },
  (_, n) => `k:${n.toString(16).padStart(64, '0')}`,
);

/** A minter's signer on a disk in memory, and the hub that asks it. */
export class MintWorld {
  readonly disk: MemoryDisk = new MemoryDisk();
  readonly clock: { at: number; now(): number } = { at: START, now: () => this.clock.at };
  readonly config: MintConfig;
  publicKey = '';
  lease = 1;
  #unlock: Unlock | undefined;

  constructor(policy: Partial<MintPolicy> = {}, threshold = 1) {
    this.config = mintConfig(policy, threshold);
  }

  async make(): Promise<void> {
    const random = seededRandom('minter');
    this.#unlock = await createUnlockKeyFile('/unlock', { disk: this.disk, random });
    const by = { config: this.config, unlock: this.#unlock, random, now: START };
    this.publicKey = await createMintSigner({ dir: MINT_DIR, disk: this.disk }, by);
  }

  /** As a start of the process does. */
  async open(options: { acceptClockLeap?: boolean } = {}): Promise<MintService> {
    if (this.#unlock === undefined) await this.make();
    const unlock = await unlockWithKeyFile('/unlock', this.disk);
    return openMintService({ dir: MINT_DIR, unlock, clock: this.clock, disk: this.disk, ...options });
  }

  async client(): Promise<MintSignerClient> {
    return inProcessMintSigner(await this.open());
  }

  setting(change: Partial<CommandSetting> = {}): CommandSetting {
    const { networkId, namespace, module, moduleHash } = this.config;
    return {
      ...{ networkId, namespace, module, moduleHash },
      ...{ sender: `k:${this.publicKey}`, publicKey: this.publicKey, chain: 0, attempt: 0 },
      ...{ gasPrice: 1e-8, gasLimit: 100_000, ttl: 1_800 },
      creationTime: Math.floor(this.clock.at / 1_000) - 30,
      ...change,
    };
  }

  ground(plan: EpochPlan | undefined, leaseEpoch: number = this.lease): SigningGround {
    return { plan: plan && { epoch: plan.epoch, hash: plan.hash }, leaseEpoch };
  }

  approval(
    plan: EpochPlan,
    by: ApproverName,
    change: {
      nodes?: number;
      hash?: string;
      contract?: string;
      regions?: { region: string; nodes: number; points: number }[];
    } = {},
  ): Uint8Array {
    const { nodes = 1_000, hash = plan.hash, contract = contractOf(this.config) } = change;
    const { regions = [{ region: 'eu', nodes, points: plan.points }] } = change;
    const { networkId } = this.config;
    const body = { networkId, contract, approver: by, at: this.clock.at, epoch: plan.epoch, hash };
    return seal(planApprovalKind, { ...body, points: plan.points, regions }, KEYS[by]);
  }

  approvals(plan: EpochPlan, ...by: ApproverName[]): Uint8Array[] {
    return by.map((each) => this.approval(plan, each));
  }

  allowance(slots: number, by: ApproverName, day: number = epochOf(this.clock.at)): Uint8Array {
    const { networkId } = this.config;
    const body = {
      networkId,
      contract: contractOf(this.config),
      approver: by,
      at: this.clock.at,
      day,
      slots,
    };
    return seal(enrolmentApprovalKind, body, KEYS[by]);
  }

  restart(epochs: number[], by: ApproverName): Uint8Array {
    const { networkId } = this.config;
    const body = { networkId, contract: contractOf(this.config), approver: by, at: this.clock.at, epochs };
    return seal(restartApprovalKind, body, KEYS[by]);
  }

  /** Brings a plan that people approved, and opens its chain 0. */
  async opened(signer: MintSignerClient, plan: EpochPlan = planOf(EPOCH)): Promise<EpochPlan> {
    await signer.plan({ plan, approvals: this.approvals(plan, 'robot', 'ann', 'ben') });
    await signer.sign(openAct(plan), this.setting(), this.ground(plan));
    return plan;
  }
}

export function openAct(plan: EpochPlan, chain = 0): Extract<MintAct, { kind: 'open' }> {
  const planned = plan.chains[chain]!;
  const { cap, bounds } = planned;
  return { kind: 'open', epoch: plan.epoch, cap, bounds, digest: chainDigest(plan, planned) };
}

export function mintAct(plan: EpochPlan, batch = 0, chain = 0): Extract<MintAct, { kind: 'mint' }> {
  const { deltas, sum, digest } = plan.chains[chain]!.batches[batch]!;
  return { kind: 'mint', epoch: plan.epoch, batch, deltas, sum, digest };
}

export function closeAct(plan: EpochPlan, total = 1): Extract<MintAct, { kind: 'close' }> {
  return { kind: 'close', epoch: plan.epoch, total };
}

export function enrolAct(count = 2, chain = 0, first = 60): Extract<MintAct, { kind: 'enrol' }> {
  const accounts = ACCOUNTS.filter((account) => owningChain(account) === chain).slice(0, count);
  return { kind: 'enrol', first, accounts, digest: enrolmentDigest(accounts) };
}

/** @param naming what the message has to say */
export function refused(asked: Promise<unknown>, code: MintRefusalCode, naming: RegExp): Promise<void> {
  return expect(asked).rejects.toMatchObject({
    name: 'SignerError',
    code,
    message: expect.stringMatching(naming),
  });
}
