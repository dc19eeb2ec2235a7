import { type CommandRun, printJson } from '#cli/command.ts';
import { EXIT, type ExitCode } from '#cli/exit-code.ts';
import { renderStatus } from '#cli/status-view.ts';
import type { StatusSnapshot } from '#status/snapshot.ts';
import { askStatus } from '#status/status-client.ts';

/** Asks the running agent alone: no side service can make it fail or wait. */
export const status: CommandRun = async ({ config, clock, signal, io, json, color }) => {
  const answer = await askStatus({ path: config.statusSocket, clock, signal }, 'status');
  // The agent behind the socket is of this very release, or of the one before it: fields are only ever added.
  const snapshot = answer as unknown as StatusSnapshot;
  if (json) printJson(io, { ok: true, ...answer });
  else io.out(renderStatus(snapshot, color));
  return exitCodeOf(snapshot);
};

function exitCodeOf({ lamps }: StatusSnapshot): ExitCode {
  const good = Object.values(lamps).every(({ state }) => state === 'ok');
  return good ? EXIT.ok : EXIT.degraded;
}
