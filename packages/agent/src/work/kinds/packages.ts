import { sleep } from '#clock.ts';
import type { Argv } from '#work/commands.ts';
import type { JobHandler, RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { listenersOf } from '#work/kinds/listeners.ts';
import { Stepper } from '#work/kinds/stepper.ts';

export interface Upgradable {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly security: boolean;
}

const SIMULATE_MS = 120_000;
const AT_ONCE = 60;
const REPORTED = 8;

/** `Inst libssl3 [3.0.14-1] (3.0.15-1 Debian-Security:12/stable-security [amd64])`, as `apt-get -s upgrade` says it. */
export function parseSimulation(lines: readonly string[]): Upgradable[] {
  return lines.flatMap((line) => {
    const [, name, from, to, origin] = /^Inst (\S+) \[([^\]]+)\] \((\S+) (.+) \[\S+\]\)/.exec(line) ?? [];
    if (name === undefined || from === undefined || to === undefined || origin === undefined) return [];
    return [{ name, from, to, security: /security/i.test(origin) }];
  });
}

/** @param flags for another root than this host's. Reads only. */
export async function simulateUpgrade(
  { commands }: Pick<KindDeps, 'commands'>,
  job: Pick<RunningJob, 'signal'>,
  flags: readonly string[] = [],
): Promise<Upgradable[]> {
  const lines: string[] = [];
  const argv: Argv = ['apt-get', ...flags, '--simulate', '-o', 'Debug::NoLocking=true', 'upgrade'];
  const onLine = (line: string): void => void lines.push(line);
  const { exitCode } = await commands.run({ argv, timeoutMs: SIMULATE_MS, signal: job.signal, onLine });
  if (exitCode !== 0)
    throw new JobError('apt_failed', `apt-get --simulate upgrade ended with ${exitCode}: ${lines.at(-1)}`);
  return parseSimulation(lines);
}

export function aptUpgrade(deps: KindDeps): JobHandler {
  return {
    async run(job) {
      const steps = new Stepper(deps, job);
      job.progress(0, 'apt-get update');
      await steps.run('apt-update');
      const securityOnly = job.params['securityOnly'] === true;
      const found = (await simulateUpgrade(deps, job)).filter(({ security }) => security || !securityOnly);
      for (const { name, from, to } of found) job.log(`${name} ${from} -> ${to}`);
      if (found.length > 0) await upgrade(steps, job, { securityOnly, names: found.map(({ name }) => name) });
      const rebootDue = (await deps.disk.stat('/run/reboot-required')) !== undefined;
      const upgraded = found
        .slice(0, REPORTED)
        .map(({ name, from, to }) => `${name} ${from} -> ${to}`.slice(0, 90));
      return { report: { count: found.length, upgraded, rebootDue } };
    },
  };
}

async function upgrade(
  steps: Stepper,
  job: RunningJob,
  { securityOnly, names }: { securityOnly: boolean; names: readonly string[] },
): Promise<void> {
  if (!securityOnly) {
    job.progress(20, `upgrade ${names.length} packages`);
    return steps.run('apt-upgrade');
  }
  for (let at = 0; at < names.length; at += AT_ONCE) {
    job.progress(20 + Math.floor((80 * at) / names.length), `upgrade ${names.length} packages`);
    await steps.run('apt-upgrade-some', { args: { packages: names.slice(at, at + AT_ONCE) } });
  }
}

const NETDATA_PORT = 19_999;
const NETDATA_UP_MS = 60_000;
const POLL_MS = 1_000;

/** What is not seen to listen on loopback, and there alone, is stopped. */
export function netdataInstall(deps: KindDeps): JobHandler {
  return {
    async run(job) {
      const steps = new Stepper(deps, job);
      job.progress(0, 'apt-get update');
      await steps.run('apt-update');
      job.progress(30, 'install netdata');
      await steps.run('netdata-install');
      try {
        await requireLoopback(deps, job);
      } catch (error) {
        await steps.run('netdata-stop', { always: true });
        throw error;
      }
      return { report: { port: NETDATA_PORT, loopbackOnly: true } };
    },
  };
}

async function requireLoopback(deps: KindDeps, job: RunningJob): Promise<void> {
  const { clock, proc } = deps;
  const end = clock.monotonic() + NETDATA_UP_MS;
  for (;;) {
    const found = listenersOf(proc, NETDATA_PORT);
    if (found.some(({ loopback }) => !loopback))
      throw new JobError(
        'netdata_exposed',
        `netdata listened beyond loopback on port ${NETDATA_PORT}; it was stopped`,
      );
    if (found.length > 0) return;
    if (clock.monotonic() >= end)
      throw new JobError(
        'netdata_silent',
        `netdata did not listen on port ${NETDATA_PORT} within ${NETDATA_UP_MS / 1000} s, so where it would can't be told; it was stopped`,
      );
    await sleep(clock, POLL_MS, job.signal);
  }
}
