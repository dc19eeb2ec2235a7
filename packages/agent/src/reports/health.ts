import type { ComponentHealth } from '@stoa/protocol';
import type { Clock } from '#clock.ts';
import type { AgentReadings } from '#collectors/agent-collectors.ts';
import { describeError } from '#error.ts';
import { fingerprintOf } from '#identity/owner-key-pin.ts';
import type { ReadingSource } from '#reports/readings.ts';
import { fit } from '#reports/text.ts';

type Component = ComponentHealth['components'][number];
type Finding = Pick<Component, 'name' | 'state' | 'why'>;

/** Faults that the core has met itself; undefined where all is well. */
export interface CoreFaults {
  /** Of identity and session state. */
  storage: unknown;
  evidence: unknown;
  /** Of the journal of jobs and of their results. */
  work: unknown;
  /** The spool of results is nearly full. */
  spoolAlarm: boolean;
  /** Another owner key than the pinned one, which a hub named. */
  refusedOwnerKey: Uint8Array | undefined;
}

/** The state of each part, with the time since which it is so. */
export class HealthReport {
  readonly #clock: Clock;
  readonly #last = new Map<string, Component>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a state differs from the last report, and the report as it is now. */
  look(source: ReadingSource, faults: CoreFaults): { changed: boolean; health: ComponentHealth } {
    let changed = false;
    const components = [...collectorFindings(source), ...coreFindings(faults)].map((finding) => {
      const last = this.#last.get(finding.name);
      if (last?.state === finding.state) return { ...finding, since: last.since };
      changed = true;
      return { ...finding, since: Math.max(0, Math.round(this.#clock.now())) };
    });
    for (const component of components) this.#last.set(component.name, component);
    return { changed, health: { components } };
  }
}

const COLLECTORS: readonly (keyof AgentReadings)[] = ['cut', 'chainweb', 'process', 'host', 'commitment'];

function collectorFindings(source: ReadingSource): Finding[] {
  return COLLECTORS.map((name) => {
    const { value, error, hung } = source.reading(name);
    if (hung) return { name, state: 'fail', why: 'the last run has not let go' };
    if (error) return { name, state: value === undefined ? 'fail' : 'warn', why: fit(error.message, 512) };
    return value === undefined
      ? { name, state: 'unknown', why: 'not measured yet' }
      : { name, state: 'ok', why: '' };
  });
}

function coreFindings({ storage, evidence, work, spoolAlarm, refusedOwnerKey }: CoreFaults): Finding[] {
  const found = (name: string, fault: unknown): Finding =>
    fault === undefined
      ? { name, state: 'ok', why: '' }
      : { name, state: 'fail', why: fit(describeError(fault).message, 512) };
  const spool: Finding = spoolAlarm
    ? { name: 'spool', state: 'warn', why: 'results wait for a hub and have filled most of their space' }
    : { name: 'spool', state: 'ok', why: '' };
  const ownerKey: Finding =
    refusedOwnerKey === undefined
      ? { name: 'owner-key', state: 'ok', why: '' }
      : {
          name: 'owner-key',
          state: 'warn',
          why: `a hub named another owner key, ${fingerprintOf(refusedOwnerKey)}: it was refused, the pinned one holds`,
        };
  return [found('storage', storage), found('evidence', evidence), found('work', work), spool, ownerKey];
}
