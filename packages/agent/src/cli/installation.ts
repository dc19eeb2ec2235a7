import { access, lstat, readdir, readFile, readlink, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstallationPlaces } from '#cli/installation-places.ts';
import { AgentError } from '#error.ts';
import type { Argv, Commands } from '#work/commands.ts';

/** Code `not_installed`: nothing here was put in place by install.sh. */
export class NotInstalledError extends AgentError<'not_installed'> {
  override readonly name = 'NotInstalledError';

  constructor(prefix: string) {
    super(
      'not_installed',
      `no agent was installed in ${prefix} by install.sh: remove the program the way it came`,
      { retry: false },
    );
  }
}

/** One thing to be done, told before it is done. */
export interface Removal {
  readonly what: string;
  run(): Promise<void>;
}

export interface UninstallPlan {
  readonly removals: readonly Removal[];
  /** What stays, with how to remove it. */
  readonly stays: readonly string[];
}

const COMMAND_MS = 60_000;
/** Below the prefix, as install.sh and updates put it there; the last are of earlier agents. */
const PROGRAM = [
  ...['stoa-agent', 'stoa-agent.prev', 'guard.sh', 'THIRD-PARTY-LICENCES', 'stoa-agent.cdx.json', '.sha256'],
  ...['slots', 'roots', 'runtimes', 'selection.json', 'runtime-trial', 'runtime-failed'],
  ...['bin/stoa-agent', '.root', '.stoa-agent', '.user-made', '.new', 'versions', 'current'],
];

/**
 * What `install.sh --uninstall` does, from the program itself: units first, so that nothing starts what is going away.
 * @param purge Also the node's identity, its logs, the settings, and the user if install.sh made it.
 * @throws NotInstalledError
 */
export async function planUninstall(
  places: InstallationPlaces,
  commands: Commands,
  purge: boolean,
): Promise<UninstallPlan> {
  const { prefix, data, command, config, rootState, user } = places;
  if (!(await exists(join(prefix, '.stoa-agent')))) throw new NotInstalledError(prefix);
  const run = async (...argv: Argv): Promise<void> => {
    const { exitCode } = await commands.run({ argv, timeoutMs: COMMAND_MS });
    if (exitCode !== 0)
      throw new AgentError('uninstall_failed', `${argv.join(' ')} ended with ${exitCode}`, { retry: true });
  };
  const userMade = await exists(join(prefix, '.user-made'));
  const removals: Removal[] = [...(await unitRemovals(places, run))];
  if ((await target(command)) === join(prefix, 'bin/stoa-agent'))
    removals.push({ what: `remove ${command}`, run: () => rm(command) });
  removals.push({ what: `remove the program from ${prefix}`, run: () => removeProgram(prefix) });
  const kept = [
    [data, 'the node’s identity, its evidence and logs'],
    [join(prefix, 'agent.env'), 'the settings'],
    [config, 'the local policy of this host, and whom its privileged unit obeys'],
    [rootState, 'what the privileged unit has seen'],
  ] as const;
  const there: (readonly [string, string])[] = [];
  for (const entry of kept) if (await exists(entry[0])) there.push(entry);
  if (purge) {
    for (const [path, what] of there)
      removals.push({
        what: `remove ${path}: ${what}`,
        run: () => rm(path, { recursive: true, force: true }),
      });
    removals.push({ what: `remove ${prefix} if it is empty`, run: () => removeEmpty(prefix) });
    if (userMade) removals.push({ what: `remove the user ${user}`, run: () => run('userdel', user) });
  }
  return { removals, stays: purge ? [] : there.map(([path, what]) => `${path}: ${what}`) };
}

/** Units whose program lies below the prefix, and the sockets that start them. */
async function unitRemovals(
  { units, prefix, systemd: mark }: InstallationPlaces,
  run: (...argv: Argv) => Promise<void>,
): Promise<Removal[]> {
  const names = (await exists(units)) ? await readdir(units) : [];
  const ours = names.filter((name) => /^stoa-agent[\w@-]*\.(service|socket)$/.test(name));
  const owned = new Set<string>();
  for (const name of ours)
    if ((await readFile(join(units, name), 'utf8')).includes(`${prefix}/`)) owned.add(stem(name));
  const mine = ours.filter((name) => owned.has(stem(name)));
  if (mine.length === 0) return [];
  const systemd = await exists(mark);
  // A template can't be stopped by itself.
  const stoppable = mine.filter((name) => !name.includes('@.'));
  return [
    {
      what: `stop and remove ${mine.join(', ')}`,
      async run() {
        if (systemd) await run('systemctl', 'disable', '-q', '--now', ...stoppable);
        for (const name of mine) await rm(join(units, name));
        if (systemd) await run('systemctl', 'daemon-reload');
      },
    },
  ];
}

function stem(unit: string): string {
  return unit.replace(/@?\.(service|socket)$/, '');
}

async function removeProgram(prefix: string): Promise<void> {
  for (const name of PROGRAM) await rm(join(prefix, name), { recursive: true, force: true });
  for (const directory of [join(prefix, 'bin'), prefix]) await removeEmpty(directory);
}

async function removeEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!/^(ENOTEMPTY|EEXIST|ENOENT)$/.test(code)) throw error;
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function target(path: string): Promise<string | undefined> {
  const stat = await lstat(path).catch(() => undefined);
  return stat?.isSymbolicLink() ? readlink(path) : undefined;
}
