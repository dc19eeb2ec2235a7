import { toHex, utf8 } from '@stoa/protocol';
import { makeEvidence, makeParties } from '@stoa/protocol/fixtures';
import { type EpochPlan, epochOf, MINT_CHAINS, owningChain, planEpoch } from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { accountIdOf, type EvidenceFile, newestReceipt, POINT } from '@stoa/protocol/stoicism';

export const parties: ReturnType<typeof makeParties> = makeParties('approver');
export const ACCOUNT: string = `k:${'a'.repeat(64)}`;
export const ID: string = accountIdOf(ACCOUNT, nodeCrypto);
export const CHAIN: number = owningChain(ACCOUNT);

export type Event = {
  kind: string;
  hour?: number;
  node?: string;
  account?: string;
  ref?: string;
  amount: bigint;
};

/** A region in which one node earned for three hours, all of it paid to one account; its dump, and the hub's plan. */
export class Region {
  readonly file: EvidenceFile;
  readonly published: readonly Uint8Array[];
  readonly node: string;
  events: Event[];

  constructor(settle?: NonNullable<Parameters<typeof makeEvidence>[1]>['settle']) {
    const made = makeEvidence(parties, {
      settle: (receipt) => {
        const own = { ...receipt, account: ID, resetSequence: 0 };
        return settle === undefined ? own : settle(own);
      },
    });
    this.file = made.file;
    this.published = made.published;
    this.node = toHex(made.file.nodeId);
    this.events = made.file.hours.map((hour) => {
      const { hubHour, points } = newestReceipt(hour)!;
      return { kind: 'accrual', hour: hubHour, node: this.node, amount: points };
    });
  }

  get lastHour(): number {
    return this.file.hours.at(-1)!.hubHour;
  }

  get epoch(): number {
    return epochOf((this.lastHour + 24) * 3_600_000);
  }

  hashOf(sequence: number): string {
    return toHex(
      nodeCrypto.hash(utf8(JSON.stringify(this.events.slice(0, sequence).map(String)) + sequence)),
    );
  }

  lines(): string {
    const rows = this.events.map(({ kind, hour = 0, node = '', account = ID, ref = '', amount }, at) =>
      JSON.stringify([
        ...[at + 1, hour, kind, 0, node, account, ref, String(amount), '0', 0, 1, 0],
        this.hashOf(at + 1),
      ]),
    );
    return ['{"format":"stoa-ledger/1"}', ...rows, '{"events":0}', ''].join('\n');
  }

  /** As the hub cuts and plans it, by what its ledger says. */
  plan(points: number = this.points()): EpochPlan {
    return this.planOf(this.epoch, points);
  }

  planOf(epoch: number, points: number): EpochPlan {
    const chains = Array.from({ length: MINT_CHAINS }, (_, chain) => ({
      chain,
      slots: chain === CHAIN ? 1 : 0,
      points: chain === CHAIN ? [points] : [],
    }));
    const cutId = `eu ${this.events.length} ${this.hashOf(this.events.length)}`;
    return planEpoch({ epoch, cutId, chains });
  }

  points(): number {
    const sum = this.events.reduce(
      (all, { kind, amount }) => all + (kind === 'reserved' ? -amount : amount),
      0n,
    );
    return Number(sum / POINT);
  }
}
