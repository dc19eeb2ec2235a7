import type { Viewer } from '../viewer.ts';

/** How the log names whoever has a shell on the hub's machine: no account of the console. */
export const COMMAND_LINE = 'command line';

/** With a shell on the machine comes everything: the database is there to be changed. */
export const LOCAL: Viewer = {
  accountId: COMMAND_LINE,
  email: COMMAND_LINE,
  tier: 'ancient',
  confirmedAt: 0,
  keyScopes: undefined,
};
