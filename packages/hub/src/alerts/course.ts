import type { Evidence } from '#nodes/index.ts';
import { AT_REST, isAtRest, isOpen, type Notice, type Sight, step } from './machine.ts';
import type { AlertChange, HeldStanding, StandingKey } from './standing-store.ts';

/** Something that owners, or the region's admins, are to hear. */
export interface AlertNotice extends StandingKey {
  readonly notice: Notice;
  readonly label: string;
  readonly evidence: readonly Evidence[];
}

/** What a pass found: to be written together, or not at all. */
export class Course {
  readonly changes: AlertChange[] = [];
  readonly notices: AlertNotice[] = [];
  readonly forgotten: StandingKey[] = [];
  readonly #kept: HeldStanding[] = [];

  /** Takes one machine a step on. @param about.mute nobody is told, whatever it does. */
  move(
    held: HeldStanding | undefined,
    sight: Sight,
    about: StandingKey & { label: string; evidence: readonly Evidence[]; mute?: boolean },
  ): void {
    const { owner, rule, subject, label, evidence } = about;
    const key = { owner, rule, subject };
    const before = held?.standing ?? AT_REST;
    const { standing, change, notice, dueAt } = step(before, sight);
    if (change !== undefined)
      this.changes.push({
        ...key,
        label,
        change,
        silent: standing.silent || (before.silent && change === 'recovered'),
        evidence,
      });
    if (notice !== undefined && !about.mute) this.notices.push({ ...key, notice, label, evidence });
    if (isAtRest(standing)) {
      if (held !== undefined) this.forgotten.push(key);
      return;
    }
    const alertId = isOpen(standing) ? held?.alertId : undefined;
    this.#kept.push({ ...key, standing, dueAt, alertId });
  }

  /** The rule no longer looks at it: nothing to tell, as nothing is known to have recovered. */
  close(held: HeldStanding, label: string): void {
    const { owner, rule, subject } = held;
    if (isOpen(held.standing))
      this.changes.push({
        owner,
        rule,
        subject,
        label,
        change: 'closed',
        silent: held.standing.silent,
        evidence: [],
      });
    this.forgotten.push({ owner, rule, subject });
  }

  /** Those that go on, each that is open with the row that opened it. */
  kept(idOf: (key: StandingKey) => number | undefined): HeldStanding[] {
    return this.#kept.map((held) => ({
      ...held,
      alertId: isOpen(held.standing) ? (held.alertId ?? idOf(held)) : undefined,
    }));
  }
}
