import { accessSync, constants, statSync } from 'node:fs';

/** Of sysexits(3), a failure that goes away: whoever supervises starts the program again. */
const EX_TEMPFAIL = 75;

/**
 * The process becomes the program anew: same PID, no exit handlers. A file that can't be executed would abort Node 24, so it
 * is looked at first; then the supervisor's restart is what is left.
 */
export function becomeAnew(
  [program, ...args]: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
): never {
  if (isProgram(program) && process.execve !== undefined) process.execve(program, [program, ...args], env);
  process.exit(EX_TEMPFAIL);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    const stat = statSync(path);
    return stat.isFile() && stat.size > 0;
  } catch {
    return false;
  }
}
