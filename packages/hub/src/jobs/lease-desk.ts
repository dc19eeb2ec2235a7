import { type JobAck, type LeaseRenew, PROGRESS_UNKNOWN } from '@stoa/protocol';
import { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import { storableText } from '../storable.ts';
import type { AgentSession } from './agent-session.ts';
import { type LeaseName, leaseName, wireLease } from './lease.ts';
import type { LeaseStore, Renewal } from './lease-store.ts';
import { LEASE_MS } from './state.ts';

export interface StandingLease extends LeaseName {
  readonly nodeId: string;
}

type Verdict = { readonly cancelWanted: string | undefined } | undefined;

/** 10,000 running jobs renew 330 times a second. */
const WINDOW = { windowMs: 10, maxItems: 1_000 };

/** Takes acknowledgements and renewals, and says which leases stand. */
export class LeaseDesk {
  readonly #renewing: Batcher<Renewal, Verdict>;
  readonly #onStanding: (session: AgentSession, leases: readonly StandingLease[]) => void;

  constructor(by: {
    store: LeaseStore;
    clock: Clock;
    /** The agent has these in its journal. */
    onStanding: (session: AgentSession, leases: readonly StandingLease[]) => void;
  }) {
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
    const verdict = await this.#renewing.submit({ ...lease, ...whose(session), progress: undefined });
    if (verdict === undefined)
      session.send('leaseRenewed', { leases: [{ ...wireLease(lease), leaseMs: 0 }] });
    else this.#stands(session, [{ lease, verdict }]);
  }

  async renewed(session: AgentSession, { leases }: LeaseRenew): Promise<void> {
    const told = leases.map(({ progress, step, ...lease }) => ({
      lease: leaseName(lease),
      progress: {
        percent: progress === PROGRESS_UNKNOWN ? undefined : Math.min(progress, 100),
        step: storableText(step),
      },
    }));
    const verdicts = await Promise.all(
      told.map(({ lease, progress }) => this.#renewing.submit({ ...lease, ...whose(session), progress })),
    );
    session.send('leaseRenewed', {
      leases: told.map(({ lease }, i) => ({
        ...wireLease(lease),
        leaseMs: verdicts[i] === undefined ? 0 : LEASE_MS,
      })),
    });
    this.#stands(
      session,
      told.flatMap(({ lease }, i) => (verdicts[i] === undefined ? [] : [{ lease, verdict: verdicts[i] }])),
    );
  }

  #stands(
    session: AgentSession,
    stood: readonly { lease: LeaseName; verdict: NonNullable<Verdict> }[],
  ): void {
    const { nodeId } = session.node;
    this.#onStanding(
      session,
      stood.map(({ lease }) => ({ ...lease, nodeId })),
    );
    // Said with each renewal until the result comes: a cancel may have been lost with its session.
    for (const { lease, verdict } of stood)
      if (verdict.cancelWanted !== undefined)
        session.send('cancelJob', { ...wireLease(lease), reason: verdict.cancelWanted });
  }
}

function whose({ node, facts }: AgentSession): { nodeId: string; epoch: number } {
  return { nodeId: node.nodeId, epoch: facts.epoch };
}
