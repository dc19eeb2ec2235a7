/** The privileged unit from its sources, or as a bundle without a launcher. */
import { runRootProgram } from '#root/root-program.ts';

void runRootProgram({ argv: process.argv.slice(2), env: process.env }).then((code) => process.exit(code));
