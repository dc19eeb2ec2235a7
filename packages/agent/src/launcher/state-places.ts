import { type ConfigHost, type Environment, SETTINGS } from '#config.ts';
import type { Role } from '#launcher/launched.ts';
import { journalDirectory } from '#launcher/layout.ts';

const PLACES = ['dataDir', 'instance'] as const;

/**
 * Where the agent keeps its state, by the same rows as its configuration. A value that is none counts as absent: the payload
 * says so, with all that is wrong besides.
 */
export function statePlaces(
  argv: readonly string[],
  env: Environment,
  host: ConfigHost,
): { dataDir: string; instance: string } {
  const [dataDir = '', instance = ''] = PLACES.map((key) => {
    const { flag = '', env: names, parse, fallback } = SETTINGS.find((row) => row.key === key)!;
    const given = flagValue(argv, flag) ?? names.map((name) => env[name]).find((value) => value);
    try {
      return String(given === undefined ? fallback(host, env, {}) : parse(given));
    } catch {
      return String(fallback(host, env, {}));
    }
  });
  return { dataDir, instance };
}

/**
 * Directory of the role's journal; undefined where root runs an agent whose data are another user's: what that one wrote must
 * not choose what runs with root's rights.
 * @param host.stat undefined for what is not there yet, and so will be root's
 */
export function ownJournal(
  role: Role,
  places: { dataDir: string; instance: string },
  host: { root: boolean; stat: (path: string) => { uid: number; mode: number } | undefined },
): string | undefined {
  if (role === 'agent' && host.root) {
    const { uid, mode } = host.stat(places.dataDir) ?? { uid: 0, mode: 0o700 };
    if (uid !== 0 || (mode & 0o022) !== 0) return undefined;
  }
  return journalDirectory(role, places);
}

/** The last one counts, as in `parseArgs`. */
function flagValue(argv: readonly string[], flag: string): string | undefined {
  const values = argv.flatMap((word, at) => {
    if (word === `--${flag}`) return argv[at + 1] ?? [];
    return word.startsWith(`--${flag}=`) ? word.slice(flag.length + 3) : [];
  });
  return values.at(-1);
}
