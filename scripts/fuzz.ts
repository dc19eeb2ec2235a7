/** `pnpm fuzz`: mutated input against decoder, session, handshake, tokens and documents (test/fuzz). Exit 1 on a crash. */
import { parseArgs } from 'node:util';
import { type Crash, type FuzzReport, fuzz, TARGETS } from '../test/fuzz/index.ts';

const HELP = `Usage: pnpm fuzz [--runs N] [--seed S] [--first RUN] [--target NAME] [--json]

  --runs N       inputs to try (100000)
  --seed S       seed of the search, an integer (1)
  --first RUN    number of the first run: with --runs 1, repeats the run that a crash names
  --target NAME  one target only:
${TARGETS.map(({ name }) => `                   ${name}`).join('\n')}
  --json         the last line of output is one JSON object

Exit codes: 0 no crash, 1 a crash (its seed, run and input are printed), 2 wrong use`;

interface Options {
  readonly runs: number;
  readonly seed: number;
  readonly first: number;
  readonly targets: typeof TARGETS;
  readonly json: boolean;
}

function readArguments() {
  return parseArgs({
    options: {
      runs: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      first: { type: 'string', default: '0' },
      target: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;
}

/** Or what is wrong with them; '' where help was asked for. */
function readOptions(): Options | string {
  let values: ReturnType<typeof readArguments>;
  try {
    values = readArguments();
  } catch (error) {
    return (error as Error).message;
  }
  if (values.help) return '';
  const [runs, seed, first] = [values.runs, values.seed, values.first].map(Number) as [
    number,
    number,
    number,
  ];
  for (const [name, value] of Object.entries({ runs, seed, first }))
    if (!Number.isSafeInteger(value) || value < 0)
      return `--${name} takes an integer from 0, '${values[name as 'runs']}' given`;
  const targets = TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
  if (targets.length === 0) return `there is no target '${values.target}'`;
  return { runs, seed, first, targets, json: values.json };
}

function describeCrash({ target, seed, run, error, input }: Crash): string {
  const fed = input.map(({ what, bytes }) => `    ${what}: ${bytes}`).join('\n');
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `crash in '${target}': ${told}\n  input:\n${fed}\n  again: pnpm fuzz --seed ${seed} --first ${run} --runs 1`;
}

function summary(report: FuzzReport, seed: number, seconds: number) {
  return {
    runs: report.runs,
    seed,
    crashes: report.crashes.length,
    accepted: report.accepted,
    per_second: Math.round(report.runs / seconds),
    targets: report.targets,
  };
}

function search({ json, ...options }: Options): number {
  const started = performance.now();
  let shown = started;
  const report = fuzz({
    ...options,
    onProgress(done, crashes) {
      if (performance.now() - shown < 2_000) return;
      shown = performance.now();
      console.error(`${done} of ${options.runs} inputs, ${crashes} crashes`);
    },
  });
  const seconds = (performance.now() - started) / 1000;
  for (const crash of report.crashes) console.error(describeCrash(crash));
  const told = summary(report, options.seed, seconds);
  if (json) console.log(JSON.stringify(told));
  else
    console.log(
      `${told.runs} inputs, seed ${told.seed}: ${told.crashes} crashes, ${told.accepted} accepted, ${told.per_second} a second`,
    );
  return told.crashes === 0 ? 0 : 1;
}

const options = readOptions();
if (typeof options === 'string') {
  if (options === '') console.log(HELP);
  else console.error(`${options}\n\n${HELP}`);
  process.exitCode = options === '' ? 0 : 2;
} else process.exitCode = search(options);
