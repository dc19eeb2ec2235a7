import { toHex } from '@stoa/protocol';
import { makeEvidence, makeParties } from '@stoa/protocol/fixtures';
import { type EpochPlan, epochOf, MINT_CHAINS, owningChain, planEpoch } from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { accountIdOf, type EvidenceFile, newestReceipt, POINT } from '@stoa/protocol/stoicism';
import { lineHash } from '#mint/approver/ledger-line.ts';

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
    return this.#hashes()[sequence - 1]!;
  }

  #hashes(): string[] {
    let before = '';
    return this.events.map((event, at) => {
      before = lineHash(before, { ...lineOf(event, at), hash: '' }) ?? '';
      return before;
    });
  }

  lines(): string {
    const hashes = this.#hashes();
    const rows = this.events.map((event, at) => {
      const { sequence, hour, kind, revision, nodeId, accountId, ref, amount, ranAt } = lineOf(event, at);
      const what = [sequence, hour, kind, revision, nodeId, accountId, ref, String(amount)];
      return JSON.stringify([...what, '0', 0, 1, ranAt, hashes[at]]);
    });
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

function lineOf({ kind, hour = 0, node = '', account = ID, ref = '', amount }: Event, at: number) {
  const basis = { minutes: 0n, microScore: 0, scoreVersion: 1 };
  const about = { sequence: at + 1, hour, kind, revision: 0, nodeId: node, accountId: account };
  return { ...about, ref, amount, basis, ranAt: at };
}
