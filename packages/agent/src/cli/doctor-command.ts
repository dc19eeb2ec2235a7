import { type CommandRun, printJson } from '#cli/command.ts';
import { EXIT, UsageError } from '#cli/exit-code.ts';
import { mark } from '#cli/style.ts';
import { examineHost } from '#doctor/examination.ts';
import type { CheckReport } from '#doctor/report.ts';

const EXIT_BY_RESULT = { ok: EXIT.ok, warn: EXIT.degraded, fail: EXIT.fail } as const;

export const doctor: CommandRun = async ({ agent, deps, io, json, color }, { options }) => {
  const context = await agent();
  const identity = () => deps.identity(context);
  const report = await examineHost(context, { identity, hubUrl: originOf(options['hub']) });
  const { report: file } = options;
  // The service's user reads and sends it: a later line of the same shell.
  if (typeof file === 'string') await context.disk.writeAtomic(file, `${JSON.stringify(report)}\n`);
  if (json) printJson(io, { ok: report.result !== 'fail', ...report });
  else io.out(report.checks.map((check) => renderCheck(check, color)).join(''));
  return EXIT_BY_RESULT[report.result];
};

function originOf(hub: string | boolean | undefined): string | undefined {
  if (typeof hub !== 'string') return undefined;
  const url = URL.parse(hub);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError(`--hub '${hub}': expected a URL such as https://hub.example`);
  return url.origin;
}

function renderCheck({ result, title, why, fix }: CheckReport, color: boolean): string {
  const advice = fix === undefined ? '' : `        fix: ${fix}\n`;
  return `${mark(result, color)} ${result.padEnd(5)} ${title}\n        ${why}\n${advice}`;
}
