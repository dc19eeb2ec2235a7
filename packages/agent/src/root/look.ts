import type { RunAct } from '#root/act-runner.ts';
import type { Argv } from '#work/commands.ts';

export interface Seen {
  readonly exitCode: number;
  /** Standard output. */
  readonly text: string;
}

/** Asks a program of the host, which sees what the steps see: this unit itself has no capability to look far. */
export type Look = (argv: Argv) => Promise<Seen>;

const LOOK_MS = 120_000;

export function looker(runAct: RunAct, { name, signal }: { name: string; signal: AbortSignal }): Look {
  let count = 0;
  return async (argv) => {
    const chunks: Uint8Array[] = [];
    count += 1;
    const { exitCode } = await runAct(
      { argv, bytes: true },
      {
        signal,
        timeoutMs: LOOK_MS,
        onBytes: (chunk) => void chunks.push(Uint8Array.from(chunk)),
        name: `${name}-look-${count}`,
      },
    );
    return { exitCode, text: Buffer.concat(chunks).toString('utf8') };
  };
}
