import { describe, expect, it, vi } from 'vitest';
import { createClock } from '#clock.ts';
import { openProc, parseStat } from '#collectors/proc.ts';
import { VirtualClock } from '#virtual-clock.ts';
import { type Command, CommandError, createCommands } from '#work/commands.ts';

const real = createCommands(createClock());

async function linesOf(
  change: Partial<Command> & Pick<Command, 'argv'>,
): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const { exitCode } = await real.run({ timeoutMs: 30_000, onLine: (line) => lines.push(line), ...change });
  return { code: exitCode, lines };
}

/** A process that tells its pid, then waits. */
function waiting(script: string): {
  argv: Command['argv'];
  told: Promise<number>;
  onLine: (line: string) => void;
} {
  const { promise, resolve } = Promise.withResolvers<number>();
  return { argv: ['sh', '-c', script], told: promise, onLine: (line) => resolve(Number(line)) };
}

/** A zombie is gone: only its parent has not asked yet. */
const isAlive = (pid: number): boolean => {
  const stat = parseStat(openProc().read(`${pid}/stat`) ?? '');
  return stat !== undefined && stat.state !== 'Z';
};

const goneSoon = (pid: number) => vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 60_000 });

describe('a command', () => {
  it('streams its lines and tells its exit code', async () => {
    const { code, lines } = await linesOf({
      argv: ['sh', '-c', 'echo one; echo two >&2; printf three; exit 7'],
    });
    expect(code).toBe(7);
    expect(lines.toSorted()).toEqual(['one', 'three', 'two']);
  });

  it('is never read by a shell', async () => {
    const { lines } = await linesOf({ argv: ['printf', '%s\n', '$(id)', '; rm -rf /', '`id`', '*'] });
    expect(lines).toEqual(['$(id)', '; rm -rf /', '`id`', '*']);
  });

  it('gets a clean environment, and its input', async () => {
    const { lines } = await linesOf({ argv: ['env'], env: { DEBIAN_FRONTEND: 'noninteractive' } });
    expect(lines.toSorted().map((line) => line.split('=')[0])).toEqual([
      'DEBIAN_FRONTEND',
      'LANG',
      'LC_ALL',
      'PATH',
    ]);
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let count = 0; count < 300; count += 1) yield new Uint8Array(10_000);
    }
    expect((await linesOf({ argv: ['wc', '-c'], stdin: chunks() })).lines).toEqual(['3000000']);
    expect((await linesOf({ argv: ['true'], stdin: chunks() })).code).toBe(0);
  });

  it('F27 that writes without end costs no memory: long lines are cut, and progress bars are lines', async () => {
    const { lines } = await linesOf({
      argv: ['sh', '-c', 'head -c 3000000 /dev/zero | tr "\\0" x; printf "\\r50%%\\r100%%\\n"'],
    });
    expect(lines[0]).toHaveLength(8 * 1024 + ' [2991808 bytes more]'.length);
    expect(lines.slice(1)).toEqual(['50%', '100%']);
  });

  it('gives its output raw to who takes it, at that one’s pace', async () => {
    let bytes = 0;
    const argv: Command['argv'] = ['head', '-c', '1000000', '/dev/zero'];
    await real.run({
      argv,
      timeoutMs: 30_000,
      onBytes: async (chunk) => {
        bytes += chunk.length;
      },
    });
    expect(bytes).toBe(1_000_000);
  });

  it.each([
    [['/nowhere/tool'], 'command_missing'],
    [['/etc/passwd'], 'command_denied'],
  ] as const)('%s that can’t be started: %s', async (argv, code) => {
    await expect(real.run({ argv, timeoutMs: 1000 })).rejects.toMatchObject({ code });
  });
});

describe('ending a command', () => {
  it('sends TERM to the whole group first', async () => {
    const clock = new VirtualClock();
    const { argv, told, onLine } = waiting('sleep 1000 & echo $!; wait');
    const stop = new AbortController();
    const run = createCommands(clock).run({ argv, onLine, timeoutMs: 60_000, signal: stop.signal });
    const grandchild = await told;
    stop.abort(new Error('cancelled'));
    await expect(run).rejects.toMatchObject({ code: 'command_aborted', cause: stop.signal.reason });
    await goneSoon(grandchild);
    expect(clock.pending).toBe(0);
  });

  it('sends KILL after ten seconds to one that ignores TERM', async () => {
    const clock = new VirtualClock();
    const { argv, told, onLine } = waiting("trap '' TERM; echo $$; while :; do sleep 1000; done");
    const run = createCommands(clock).run({ argv, onLine, timeoutMs: 5_000 });
    const ended = run.catch((error: unknown) => error);
    const pid = await told;
    await clock.advance(5_000);
    await clock.advance(9_999);
    expect(isAlive(pid)).toBe(true);
    await clock.advance(1);
    expect(await ended).toMatchObject({ code: 'command_timeout' });
    expect(await ended).toBeInstanceOf(CommandError);
    await goneSoon(pid);
  });

  it('takes along what the leader leaves behind', async () => {
    let left = 0;
    await real.run({
      argv: ['sh', '-c', 'sleep 1000 & echo $!'],
      timeoutMs: 30_000,
      onLine: (line) => (left = Number(line)),
    });
    expect(left).toBeGreaterThan(0);
    await goneSoon(left);
  });

  it('does not even begin where it is aborted already', async () => {
    const signal = AbortSignal.abort();
    await expect(real.run({ argv: ['true'], timeoutMs: 1, signal })).rejects.toMatchObject({
      code: 'command_aborted',
    });
  });
});
