import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { HubError } from '../error.ts';
import type { CommandContext } from './context.ts';

type Terminal = Pick<CommandContext, 'stdin' | 'stdout' | 'signal'>;

/** @throws HubError `not_confirmed` without a terminal: nothing hangs on a question that nobody sees. */
export async function confirm(
  { stdin, stdout, signal }: Terminal,
  question: string,
  instead = 'say --yes to do it without a question',
): Promise<boolean> {
  requireTerminal({ stdin, stdout }, instead);
  const lines = createInterface({ input: stdin, output: stdout });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    lines.close();
  }
}

/** What is typed is not shown. @throws HubError `not_confirmed` without a terminal. */
export async function askSecret(
  { stdin, stdout, signal }: Terminal,
  question: string,
  instead: string,
): Promise<string> {
  requireTerminal({ stdin, stdout }, instead);
  stdout.write(question);
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: unseen, terminal: true });
  try {
    return await lines.question('', { signal });
  } finally {
    lines.close();
    stdout.write('\n');
  }
}

function requireTerminal({ stdin, stdout }: Pick<Terminal, 'stdin' | 'stdout'>, instead: string): void {
  if (stdin.isTTY && stdout.isTTY) return;
  throw new HubError('not_confirmed', `there is no terminal to ask at: ${instead}`, { retry: false });
}
