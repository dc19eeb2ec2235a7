import { type ConfigHost, type Environment, SETTINGS } from '#config.ts';

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

/** The last one counts, as in `parseArgs`. */
function flagValue(argv: readonly string[], flag: string): string | undefined {
  const values = argv.flatMap((word, at) => {
    if (word === `--${flag}`) return argv[at + 1] ?? [];
    return word.startsWith(`--${flag}=`) ? word.slice(flag.length + 3) : [];
  });
  return values.at(-1);
}
