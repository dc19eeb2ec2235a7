import { homedir } from 'node:os';

import { runCli } from '#cli/cli.ts';
import type { CommandIo } from '#cli/command.ts';
import type { CommandDeps } from '#cli/command-deps.ts';
import { placesOf } from '#cli/installation-places.ts';
import { stayLean } from '#lean-process.ts';
import { AGENT_VERSION } from '#version.ts';

const host = { root: process.getuid?.() === 0, home: homedir() };

const io: CommandIo = {
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

/** Each command brings its own code: `status` must answer within 100 ms of its start. */
const deps: CommandDeps = {
  version: AGENT_VERSION,
  async run(context) {
    stayLean();
    await (await import('#run.ts')).run(context, host);
  },
  enroll: async (context, request) => (await import('#identity-commands.ts')).enrollHost(context, request),
  rotateKey: async (context) => (await import('#identity-commands.ts')).rotateKey(context),
  edit: async (path) => (await import('#cli/editor.ts')).openEditor(process.env, path),
  installation: () => placesOf(process.argv[1] ?? ''),
  identity: async (context) => (await import('#identity-commands.ts')).identityFacts(context),
};

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());

void runCli({ argv: process.argv.slice(2), env: process.env, host, io, signal: stop.signal, deps }).then(
  (code) => process.exit(code),
);
