import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

const WATCHDOG = join(import.meta.dirname, 'watchdog.ts');

/** A process under the watchdog, whose main thread does this. */
function watched(body: string): { child: ChildProcess; endFile: string; told: () => string } {
  const directory = mkdtempSync(join(tmpdir(), 'stoa-watchdog-'));
  const endFile = join(directory, 'end');
  const script = `
    const { watchMainThread } = await import(${JSON.stringify(WATCHDOG)});
    const warn = (line) => process.stderr.write(line + '\\n');
    watchMainThread({ slot: 's', endFile: ${JSON.stringify(endFile)}, limits: { beatMs: 100, silentMs: 600 }, warn });
    setInterval(() => undefined, 1000);
    setTimeout(() => { ${body} process.stdout.write('up'); }, 300);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let told = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  return { child, endFile, told: () => told };
}

const ended = (child: ChildProcess): Promise<string | null> =>
  new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
const up = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => child.stdout?.once('data', () => resolve()));

it('F15 kills a process whose main thread spins, and says so', async () => {
  const { child, endFile } = watched('for (;;);');
  expect(await ended(child)).toBe('SIGKILL');
  expect(JSON.parse(readFileSync(endFile, 'utf8'))).toMatchObject({ slot: 's', reason: 'spun' });
});

it('spares one that merely stood still', async () => {
  const { child, endFile } = watched("process.on('SIGUSR2', () => process.exit(0));");
  await up(child);
  child.kill('SIGSTOP');
  // Twice as long as it may be silent: real time, since it is another process that counts.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  child.kill('SIGCONT');
  child.kill('SIGUSR2');
  expect(await ended(child)).toBeNull();
  expect(existsSync(endFile)).toBe(false);
});
