import { request } from 'node:http';
import { type Clock, withDeadline } from '#clock.ts';
import type { ContainerFacts, InspectContainer } from '#collectors/supervision.ts';

const MAX_BYTES = 1024 * 1024;

const TIMEOUT_MS = 2000;

export interface EngineOptions {
  clock: Clock;
  socketPath?: string;
}

/**
 * Asks Docker over its socket for a container's name and labels, once for each container. Whoever may do so is root on
 * the host, so most agents may not: then nothing is known, and nothing is wrong.
 */
export function askEngine({ clock, socketPath = '/var/run/docker.sock' }: EngineOptions): InspectContainer {
  let known: { id: string; facts: ContainerFacts } | undefined;
  return async (id, signal) => {
    if (known?.id === id) return known.facts;
    const deadline = { ms: TIMEOUT_MS, what: `asking ${socketPath}`, signal };
    const body = await withDeadline(clock, deadline, (inner) =>
      get(socketPath, `/containers/${id}/json`, inner),
    ).catch(() => undefined);
    const facts = body === undefined ? undefined : parse(body);
    if (facts) known = { id, facts };
    return facts;
  };
}

function get(socketPath: string, path: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, signal, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_BYTES) answer.destroy(new Error(`${path}: more than ${MAX_BYTES} bytes`));
        else chunks.push(chunk);
      });
      answer.once('end', () =>
        resolve(answer.statusCode === 200 ? Buffer.concat(chunks).toString() : undefined),
      );
      answer.once('error', reject);
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}

function parse(body: string): ContainerFacts | undefined {
  let container: unknown;
  try {
    container = JSON.parse(body);
  } catch {
    return undefined;
  }
  const name = field(container, 'Name');
  const labels = field(field(container, 'Config'), 'Labels');
  const entries = typeof labels === 'object' && labels !== null ? Object.entries(labels) : [];
  return {
    name: typeof name === 'string' ? name.replace(/^\//, '') : '',
    labels: Object.fromEntries(entries.map(([key, value]) => [key, String(value)])),
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
