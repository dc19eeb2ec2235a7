/**
 * `pnpm faults [AREA] [F01 …] [--long] [--json]`: runs every test that is named by a number of the failure list and tells
 * which hold. AREA narrows to paths that contain it, numbers to their tests. Exit 0 all hold, 1 one does not or has no test,
 * 2 wrong use.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

interface VitestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const HELP = `Usage: pnpm faults [AREA] [NUMBER …] [--long] [--json]
       pnpm faults mint [--schedules N] [--jobs N] [--json]
       pnpm faults mint --seed N [--json]

Runs the tests named by a failure number (F01, F03, …); AREA keeps those whose path contains it, numbers those that are named
by one of them. --long adds those of full size that take minutes each. The area 'ota' is the campaign against updates of
the agent: real processes, cut and damaged in every way that is known. The area 'mint' is the campaign against the mint: days
of it on simulated chains and clocks, by the seeds 1 to --schedules (1000) over --jobs processes (one a core), or by one --seed
alone. With --json the last line is one object, and on the way only what fails is told, and the schedule of a --seed.
Exit codes: 0 all hold, 1 one does not or has no test, 2 wrong use`;

const NUMBER = /^F\d\d$/;

interface Choice {
  readonly area: string | undefined;
  /** None for all. */
  readonly numbers: readonly string[];
  readonly long: boolean;
  readonly quiet: boolean;
}

function run({ area, numbers, long, quiet }: Choice): VitestReport {
  const dir = mkdtempSync(join(tmpdir(), 'stoa-faults-'));
  const file = join(dir, 'report.json');
  try {
    const args = [
      'run',
      '-t',
      numbers.length === 0 ? 'F\\d\\d ' : `(?:${numbers.join('|')}) `,
      ...(long ? [] : ['--tagsFilter=!slow']),
      '--reporter=json',
      `--outputFile=${file}`,
      ...(quiet ? [] : ['--reporter=default']),
    ];
    spawnSync('vitest', area === undefined ? args : [...args, area], {
      stdio: ['ignore', quiet ? 'ignore' : 'inherit', 'inherit'],
    });
    return JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A number holds when each of its tests passed; one that did not run counts for nothing. */
function byNumber(report: VitestReport): Map<string, 'pass' | 'fail'> {
  const results = new Map<string, 'pass' | 'fail'>();
  for (const { fullName, status } of report.testResults.flatMap((file) => file.assertionResults)) {
    if (status !== 'passed' && status !== 'failed') continue;
    for (const number of fullName.match(/\bF\d\d\b/g) ?? []) {
      const held = results.get(number) !== 'fail' && status === 'passed';
      results.set(number, held ? 'pass' : 'fail');
    }
  }
  return new Map([...results].toSorted(([a], [b]) => a.localeCompare(b)));
}

/** A node is dead where nothing of the old or the new version runs any more. */
async function otaCampaign(quiet: boolean): Promise<number> {
  const { OTA_CASES, runOtaCases } = await import('../test/faults/ota/index.ts');
  const results = await runOtaCases(OTA_CASES, ({ name, result, why, ms }) => {
    if (!quiet || result !== 'held') console.error(`${result}  ${name} (${ms} ms) ${why}`);
  });
  const count = (result: string): number => results.filter((one) => one.result === result).length;
  const [dead, wrongAccept] = [count('dead'), count('wrong_accept')];
  console.log(JSON.stringify({ cases: results.length, dead, wrong_accept: wrongAccept }));
  return dead + wrongAccept === 0 ? 0 : 1;
}

/** A schedule fails where points are lost or doubled, or a day neither ends nor pages anybody. */
async function mintCampaign(by: {
  schedules?: string;
  jobs?: string;
  seed?: string;
  quiet: boolean;
}): Promise<number> {
  if (by.seed !== undefined && (by.schedules ?? by.jobs) !== undefined)
    throw new Error('--seed runs one schedule: leave --schedules and --jobs out.');
  const { describeCourse, isHeld, runCampaign, runSchedules, Totals } = await import(
    '../test/mint/campaign.ts'
  );
  const { quiet } = by;
  const seed = by.seed === undefined ? undefined : countOf('seed', by.seed);
  const [schedules, jobs] = [
    countOf('schedules', by.schedules ?? '1000'),
    countOf('jobs', by.jobs ?? String(availableParallelism())),
  ];
  const tell = (course: Parameters<typeof isHeld>[0]): void => {
    if (!quiet || !isHeld(course)) console.error(describeCourse(course));
  };
  const alone = new Totals();
  if (seed !== undefined)
    await runSchedules([seed], (course) => {
      alone.add(course);
      console.error(describeCourse(course));
    });
  const totals = seed === undefined ? await runCampaign({ schedules, jobs }, tell) : alone;
  const { lost, doubled, stuck } = totals;
  console.log(JSON.stringify({ schedules: totals.schedules, lost, doubled, stuck }));
  return lost + doubled + stuck === 0 ? 0 : 1;
}

function countOf(name: string, value: string): number {
  const count = Number(value);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new Error(`--${name} is '${value}': a whole number of 1 or more is expected.`);
}

/** Each number holds that has a test, and whose tests all pass. */
function numberedTests(by: Choice): number {
  const { area, numbers, quiet } = by;
  const report = run(by);
  const results = new Map<string, 'pass' | 'fail'>([
    ...numbers.map((number) => [number, 'fail'] as const),
    ...[...byNumber(report)].filter(([number]) => numbers.length === 0 || numbers.includes(number)),
  ]);
  const passed = [...results.values()].filter((result) => result === 'pass').length;
  const failed = results.size - passed;
  if (results.size === 0)
    console.error(`No test named by a failure number${area === undefined ? '' : ` in '${area}'`} ran.`);
  if (!quiet) for (const [number, result] of results) console.log(`${number} ${result}`);
  console.log(
    quiet
      ? JSON.stringify({ ...Object.fromEntries(results), passed, failed })
      : `${passed} passed, ${failed} failed`,
  );
  return failed === 0 && results.size > 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      schedules: { type: 'string' },
      jobs: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const numbers = positionals.filter((word) => NUMBER.test(word));
  const [area, ...more] = positionals.filter((word) => !NUMBER.test(word));
  if (more.length > 0)
    throw new Error(`One AREA is taken, ${more.length + 1} are given: ${area}, ${more.join(', ')}.`);
  if (area === 'ota' && numbers.length === 0) return otaCampaign(values.json);
  if (area === 'mint' && numbers.length === 0) return mintCampaign({ ...values, quiet: values.json });
  for (const name of ['schedules', 'jobs', 'seed'] as const)
    if (values[name] !== undefined)
      throw new Error(`--${name} is for \`pnpm faults mint\`, without a number of the list.`);
  return numberedTests({ area, numbers, long: values.long, quiet: values.json });
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`${(error as Error).message}\n\n${HELP}`);
  process.exitCode = 2;
}
