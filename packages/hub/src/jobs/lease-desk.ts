import { type JobAck, type LeaseRenew, PROGRESS_UNKNOWN } from '@stoa/protocol';
import { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import type { LoopShare } from '../loop-share.ts';
import { storableText } from '../storable.ts';
import type { AgentSession } from './agent-session.ts';
import { type LeaseName, leaseName, wireLease } from './lease.ts';
import type { LeaseStore, Renewal, Standing } from './lease-store.ts';
import { LEASE_MS } from './state.ts';

export interface StandingLease extends LeaseName {
  readonly nodeId: string;
  /** It was not acknowledged before: only in this session can anything of it have come. */
  readonly fresh: boolean;
}

/** 10,000 running jobs renew 330 times a second. */
const WINDOW = { windowMs: 10, maxItems: 500 };

/** Takes acknowledgements and renewals, and says which leases stand. */
export class LeaseDesk {
  readonly #renewing: Batcher<Renewal, Standing | undefined>;
  readonly #loop: LoopShare;
  readonly #onStanding: (session: AgentSession, leases: readonly StandingLease[]) => void;

  constructor(by: {
    store: LeaseStore;
    clock: Clock;
    loop: LoopShare;
    /** The agent has these in its journal. */
    onStanding: (session: AgentSession, leases: readonly StandingLease[]) => void;
  }) {
    this.#loop = by.loop;
    this.#onStanding = by.onStanding;
    this.#renewing = new Batcher({ clock: by.clock, ...WINDOW }, async (renewals) => {
      const stood = await by.store.renew(renewals, by.clock.now());
      // Two leases of one job in a batch: only that of the newest token can be the one that stands.
      const newest = new Map<string, number>();
      for (const { jobId, fencingToken } of renewals)
        newest.set(jobId, Math.max(newest.get(jobId) ?? 0, fencingToken));
      return renewals.map(({ jobId, fencingToken }) =>
        newest.get(jobId) === fencingToken ? stood.get(jobId) : undefined,
      );
    });
  }

  /** A lease that is lost by now is told so: what runs under it ends. */
  async acked(session: AgentSession, ack: JobAck): Promise<void> {
    const lease = leaseName(ack);
    const standing = await this.#renewing.submit({ ...lease, ...whose(session), progress: undefined });
    // Of a fleet that was asked at once all acknowledge at once.
    await this.#loop.run(() => {
      if (standing === undefined)
        session.send('leaseRenewed', { leases: [{ ...wireLease(lease), leaseMs: 0 }] });
      else this.#stands(session, [{ lease, standing }]);
    });
  }

  async renewed(session: AgentSession, { leases }: LeaseRenew): Promise<void> {
    const told = leases.map(({ progress, step, ...lease }) => ({
      lease: leaseName(lease),
      progress: {
        percent: progress === PROGRESS_UNKNOWN ? undefined : Math.min(progress, 100),
        step: storableText(step),
      },
    }));
    const standings = await Promise.all(
      told.map(({ lease, progress }) => this.#renewing.submit({ ...lease, ...whose(session), progress })),
    );
    session.send('leaseRenewed', {
      leases: told.map(({ lease }, i) => ({
        ...wireLease(lease),
        leaseMs: standings[i] === undefined ? 0 : LEASE_MS,
      })),
    });
    this.#stands(
      session,
      told.flatMap(({ lease }, i) => (standings[i] === undefined ? [] : [{ lease, standing: standings[i] }])),
    );
  }

  #stands(session: AgentSession, stood: readonly { lease: LeaseName; standing: Standing }[]): void {
    const { nodeId } = session.node;
    this.#onStanding(
      session,
      stood.map(({ lease, standing: { fresh } }) => ({ ...lease, nodeId, fresh })),
    );
    // Said with each renewal until the result comes: a cancel may have been lost with its session.
    for (const { lease, standing } of stood)
      if (standing.cancelWanted !== undefined)
        session.send('cancelJob', { ...wireLease(lease), reason: standing.cancelWanted });
  }
}

function whose({ node, facts }: AgentSession): { nodeId: string; epoch: number } {
  return { nodeId: node.nodeId, epoch: facts.epoch };
}
