import { type CommandRun, printJson } from '#cli/command.ts';
import { EXIT } from '#cli/exit-code.ts';
import { askStatus, followLog } from '#status/status-client.ts';

/** The last lines of the running agent's log; with `--follow` also those that come, until it is interrupted. */
export const logs: CommandRun = async ({ config, clock, signal, io, json }, { options }) => {
  const path = config.statusSocket;
  const { lines } = await askStatus({ path, clock, signal }, 'logs');
  const follow = options['follow'] === true;
  if (json && !follow) {
    printJson(io, { ok: true, lines });
    return EXIT.ok;
  }
  // Each line is JSON already, so `--json` changes nothing of a stream.
  for (const line of Array.isArray(lines) ? lines : []) io.out(`${String(line)}\n`);
  if (follow) await followLog({ path, signal }, (line) => io.out(`${line}\n`));
  return EXIT.ok;
};
