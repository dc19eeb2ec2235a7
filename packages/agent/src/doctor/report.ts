import { DeadlineError, withDeadline } from '#clock.ts';
import { type Check, type CheckResult, type Finding, fail, type Patient } from '#doctor/check.ts';
import { describeError } from '#error.ts';

export interface CheckReport extends Finding {
  readonly id: string;
  readonly title: string;
}

export interface DoctorReport {
  /** The worst of all; a skipped check counts as ok. */
  readonly result: 'ok' | 'warn' | 'fail';
  readonly checks: readonly CheckReport[];
}

const TIMEOUT_MS = 15_000;

/** All checks beside each other; each ends by its result, its error, or the time-out (F29). */
export async function examine(
  patient: Patient,
  checks: readonly Check[],
  signal: AbortSignal,
): Promise<DoctorReport> {
  const reports = await Promise.all(checks.map((check) => runCheck(check, patient, signal)));
  const has = (result: CheckResult): boolean => reports.some((report) => report.result === result);
  return { result: has('fail') ? 'fail' : has('warn') ? 'warn' : 'ok', checks: reports };
}

async function runCheck(check: Check, patient: Patient, signal: AbortSignal): Promise<CheckReport> {
  const { id, title } = check;
  const deadline = { ms: TIMEOUT_MS, what: `the check '${id}'`, signal };
  try {
    const finding = await withDeadline(patient.clock, deadline, (inner) => check.run(patient, inner));
    return { id, title, ...finding };
  } catch (error) {
    return { id, title, ...ended(error) };
  }
}

function ended(error: unknown): Finding {
  if (error instanceof DeadlineError)
    return fail(
      error.message,
      'See what it waits for: a dead mount, a firewall that drops packets, a hung service',
    );
  return fail(describeError(error).message, 'See the message; if it tells nothing, send a support bundle');
}
