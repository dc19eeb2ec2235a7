import { homedir } from 'node:os';
import { runCli } from '#cli/cli.ts';
import type { CommandIo } from '#cli/command.ts';
import type { CommandDeps } from '#cli/command-deps.ts';
import { placesOf } from '#cli/installation-places.ts';
import type { Environment } from '#config.ts';
import type { SlotInstaller } from '#launcher/installer.ts';
import type { Launched } from '#launcher/launched.ts';
import { stayLean } from '#lean-process.ts';
import { AGENT_VERSION } from '#version.ts';

export interface ProgramStart {
  /** Without the program itself. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** Path of the running program. */
  readonly program: string;
  /** Undefined where no launcher started it: then updates come by hand. */
  readonly launched?: Launched;
}

/** The agent and its commands, with everything real. Resolves with the exit code; the process may exit at once then. */
export function runAgentProgram({ argv, env, program, launched }: ProgramStart): Promise<number> {
  const host = { root: process.getuid?.() === 0, home: homedir() };
  // Each command brings its own code: `status` must answer within 100 ms of its start.
  const deps: CommandDeps = {
    version: AGENT_VERSION,
    async run(context) {
      stayLean();
      const ground = launched && { launched, installer: await openInstallerOf(launched) };
      await (await import('#run.ts')).run(context, host, ground);
    },
    enroll: async (context, request) => (await import('#identity-commands.ts')).enrollHost(context, request),
    rotateKey: async (context) => (await import('#identity-commands.ts')).rotateKey(context),
    edit: async (path) => (await import('#cli/editor.ts')).openEditor(env, path),
    installation: () => placesOf(program),
    identity: async (context) => (await import('#identity-commands.ts')).identityFacts(context),
  };
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  return runCli({ argv, env, host, io: terminal(), signal: stop.signal, deps });
}

async function openInstallerOf(launched: Launched): Promise<SlotInstaller> {
  return (await import('#launcher/open-installer.ts')).openInstaller(launched);
}

function terminal(): CommandIo {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    interactive: process.stdin.isTTY === true && process.stdout.isTTY === true,
    terminal: process.stdout.isTTY === true,
    async ask(question) {
      const { createInterface } = await import('node:readline/promises');
      const lines = createInterface({ input: process.stdin, output: process.stdout });
      try {
        return await lines.question(question);
      } finally {
        lines.close();
      }
    },
  };
}
