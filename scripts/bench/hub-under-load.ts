import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { bundleHubChild } from './hub-bundle.ts';
import type { Request, Usage } from './hub-child.ts';

export interface HubUnderLoad extends AsyncDisposable {
  readonly origin: string;
  readonly region: { readonly name: string; readonly rootFingerprint: Uint8Array };
  seed(count: number): Promise<void>;
  /** How many nodes have said what work they do. */
  willing(): Promise<number>;
  /** A read job for each node that the selector finds. `at`: when it was asked for, ms since 1970. */
  submit(selector: string, expected: number): Promise<{ at: number; tookMs: number }>;
  /** With `collect`, memory is read after garbage is gone; what follows starts with a young generation of its first size. */
  usage(how?: { collect: boolean }): Promise<Usage>;
}

/** A hub in a process of its own. */
export async function startHubUnderLoad(): Promise<HubUnderLoad> {
  const child = fork(await bundleHubChild(), [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: ['--expose-gc'],
  });
  const ready = (await answer(child)) as { origin: string; rootFingerprint: string; region: string };
  const ask = (request: Request): Promise<unknown> => {
    child.send(request);
    return answer(child);
  };
  return {
    origin: ready.origin,
    region: { name: ready.region, rootFingerprint: Buffer.from(ready.rootFingerprint, 'hex') },
    async seed(count) {
      await ask({ ask: 'seed', count });
    },
    willing: async () => (await ask({ ask: 'willing' })) as number,
    submit: async (selector, expected) =>
      (await ask({ ask: 'submit', selector, expected })) as { at: number; tookMs: number },
    usage: async ({ collect } = { collect: false }) => (await ask({ ask: 'usage', collect })) as Usage,
    async [Symbol.asyncDispose]() {
      // It may have ended by a fault, of which the asker was told.
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.send({ ask: 'stop' } satisfies Request);
      await once(child, 'exit');
    },
  };
}

async function answer(child: ChildProcess): Promise<unknown> {
  const answered = new AbortController();
  const ended = once(child, 'exit', answered).then(([code]) => {
    throw new Error(`the hub under load ended with ${code}`);
  });
  try {
    const [message] = await Promise.race([once(child, 'message', answered), ended]);
    return message;
  } finally {
    ended.catch(() => undefined);
    answered.abort();
  }
}
