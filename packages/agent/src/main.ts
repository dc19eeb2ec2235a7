/** The agent from its sources, or as a bundle without a launcher: its updates come by hand. */
import { runAgentProgram } from '#agent-program.ts';

void runAgentProgram({
  argv: process.argv.slice(2),
  env: process.env,
  program: process.argv[1] ?? '',
}).then((code) => process.exit(code));
