import { type CommandRun, printJson } from '#cli/command.ts';
import { EXIT } from '#cli/exit-code.ts';
import { askStatus } from '#status/status-client.ts';

export const metrics: CommandRun = async ({ config, clock, signal, io, json }) => {
  const { text } = await askStatus({ path: config.statusSocket, clock, signal }, 'metrics');
  if (json) printJson(io, { ok: true, text });
  else io.out(String(text));
  return EXIT.ok;
};
