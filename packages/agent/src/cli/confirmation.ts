import type { CommandIo } from '#cli/command.ts';
import { UsageError } from '#cli/exit-code.ts';

/**
 * Whether a person says yes; `--yes` answers for them.
 *
 * @throws UsageError where nobody can be asked.
 */
export async function confirm(io: CommandIo, question: string, yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!io.interactive)
    throw new UsageError(`${question} Nobody can be asked here (no terminal): give --yes if that is meant`);
  return /^y(es)?$/i.test((await io.ask(`${question} [y/N] `)).trim());
}
