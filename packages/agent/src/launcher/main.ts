/** What the single executable runs. */
import { LIMITS } from '#launcher/choice.ts';
import { runLauncher } from '#launcher/launcher-program.ts';
import { WATCH } from '#launcher/watchdog.ts';

runLauncher({ env: process.env, limits: LIMITS, watch: WATCH }).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`stoa-agent: ${told}\n`);
    process.exit(1);
  },
);
