/** What a command ends with, for scripts: told in `--help`. */
export const EXIT = { failed: 1, usage: 2, open: 3, unreachable: 4 } as const;

export const EXIT_CODES =
  'Exit codes: 0 done, 1 failed or something differs, 2 wrong use, 3 jobs are not over yet, 4 hub or database not reached';

const USAGE: ReadonlySet<string | undefined> = new Set([
  'bad_config',
  'bad_option',
  'bad_selector',
  'bad_tag',
  'not_confirmed',
  'weak_passphrase',
]);
const UNREACHABLE: ReadonlySet<string | undefined> = new Set([
  'database_unavailable',
  'signer_unreachable',
  'hub_unknown',
]);

export function exitCodeOf(code: string | undefined): number {
  if (USAGE.has(code)) return EXIT.usage;
  if (code === 'jobs_open') return EXIT.open;
  return UNREACHABLE.has(code) ? EXIT.unreachable : EXIT.failed;
}
