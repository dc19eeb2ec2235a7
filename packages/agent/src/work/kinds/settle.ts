import { describeError } from '#error.ts';
import type { Log } from '#log.ts';
import { isFinal } from '#work/kinds/aftermath.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { removeUnneeded } from '#work/kinds/snapshot.ts';
import { Stepper } from '#work/kinds/stepper.ts';
import { noteUnsettled, readUnsettled, type Unsettled } from '#work/kinds/unsettled.ts';

type SettleDeps = Pick<KindDeps, 'disk' | 'config' | 'rootSteps'>;
type SettleLog = Pick<Log, 'info' | 'error'>;

/**
 * At the start of the agent: puts back what a job had under way when the agent or the machine ended, then removes its
 * snapshot. What can't be done now stays marked for the next start. Never rejects.
 */
export async function settle(deps: SettleDeps, log: SettleLog): Promise<void> {
  try {
    const unsettled = await readUnsettled(deps);
    if (unsettled === undefined) return;
    const { message, step, snapshot } = unsettled;
    const steps = new Stepper(deps, { message, log: () => undefined, signal: NEVER });
    if (step !== undefined) {
      await ended(log, { step }, () => steps.run(step));
      await noteUnsettled(deps, message, { step: undefined });
    }
    if (snapshot === undefined) return;
    const told = { snapshot: snapshot.name };
    // Where root obeys another job by now, the next one that makes a snapshot removes this one too.
    if (await ended(log, told, () => removeUnneeded(deps, steps, snapshot)))
      await noteUnsettled(deps, message, { snapshot: undefined });
  } catch (error) {
    log.error('job-not-put-back', { ...describeError(error) });
  }
}

/** Resolves too where that job can never do it any more. @returns whether it is done. */
async function ended(
  log: SettleLog,
  what: Partial<Record<keyof Unsettled, string>>,
  task: () => Promise<void>,
): Promise<boolean> {
  try {
    await task();
    log.info('job-put-back', what);
    return true;
  } catch (error) {
    if (!isFinal(error)) throw error;
    log.error('job-not-put-back', { ...describeError(error), ...what });
    return false;
  }
}

const NEVER: AbortSignal = new AbortController().signal;
