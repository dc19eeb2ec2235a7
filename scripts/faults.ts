/**
 * `pnpm faults [AREA] [--long] [--json]`: runs every test that is named by a number of the failure list (F01 …) and tells
 * which hold. AREA narrows to paths that contain it. Exit 0 all hold, 1 one does not, 2 wrong use.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

interface VitestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const HELP = `Usage: pnpm faults [AREA] [--long] [--json]

Runs the tests named by a failure number (F01, F03, …); AREA keeps those whose path contains it. --long adds those of full
size that take minutes each.
Exit codes: 0 all hold, 1 one does not, 2 wrong use`;

interface Choice {
  readonly area: string | undefined;
  readonly long: boolean;
  readonly quiet: boolean;
}

function run({ area, long, quiet }: Choice): VitestReport {
  const dir = mkdtempSync(join(tmpdir(), 'stoa-faults-'));
  const file = join(dir, 'report.json');
  try {
    const args = [
      'run',
      '-t',
      'F\\d\\d ',
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

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const results = byNumber(run({ area: positionals[0], long: values.long, quiet: values.json }));
  const passed = [...results.values()].filter((result) => result === 'pass').length;
  const failed = results.size - passed;
  if (results.size === 0)
    console.error(
      `No test named by a failure number${positionals[0] === undefined ? '' : ` in '${positionals[0]}'`} ran.`,
    );
  if (!values.json) for (const [number, result] of results) console.log(`${number} ${result}`);
  console.log(
    values.json
      ? JSON.stringify({ ...Object.fromEntries(results), passed, failed })
      : `${passed} passed, ${failed} failed`,
  );
  return failed === 0 && results.size > 0 ? 0 : 1;
}

try {
  process.exitCode = main();
} catch (error) {
  console.error(`${(error as Error).message}\n\n${HELP}`);
  process.exitCode = 2;
}
