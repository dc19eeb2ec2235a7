#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { runCli } from '#cli/program.ts';
import { askHidden } from '#cli/prompt.ts';
import { createDisk } from '#disk.ts';

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());

const { stdin, stdout, stderr } = process;
process.exitCode = await runCli(process.argv.slice(2), {
  clock: { now: () => Date.now() },
  random: (count) => new Uint8Array(randomBytes(count)),
  disk: createDisk(),
  signal: stop.signal,
  io: {
    out: (line) => void stdout.write(line),
    err: (line) => void stderr.write(line),
    readStdin: () => text(stdin),
    async stdinEnd() {
      stdin.resume();
      await once(stdin, 'end');
    },
    ask: stdin.isTTY
      ? (question) => askHidden({ input: stdin, write: (line) => stderr.write(line) }, question)
      : undefined,
  },
});
// An open standard input would keep the process, and its lock, for as long as the parent lives.
stdin.destroy();
