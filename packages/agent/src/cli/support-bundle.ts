import { join } from 'node:path';
import type { AgentContext } from '#cli/agent-context.ts';
import type { CommandDeps } from '#cli/command-deps.ts';
import { readHostFacts } from '#collectors/host-facts.ts';
import { openProc } from '#collectors/proc.ts';
import type { Disk } from '#disk.ts';
import { examineHost } from '#doctor/examination.ts';
import { describeError } from '#error.ts';
import { redactValue } from '#redact.ts';
import { askStatus } from '#status/status-client.ts';

export type SupportBundle = Readonly<Record<string, unknown>>;

const MOST_FILES = 500;

/**
 * What a helper needs, by section; one that can't be had holds its error instead. Of files it has names, sizes and
 * modes, and no contents. Every value passes the redaction, whatever section it comes from.
 */
export async function collectBundle(context: AgentContext, deps: CommandDeps): Promise<SupportBundle> {
  const { config, clock, disk, version, signal } = context;
  const identity = () => deps.identity(context);
  const ask = (question: 'status' | 'logs') =>
    askStatus({ path: config.statusSocket, clock, signal }, question);
  const sections = {
    about: {
      version,
      createdAt: new Date(clock.now()).toISOString(),
      node: process.version,
      arch: process.arch,
    },
    config,
    identity: (await attempt(identity)) ?? 'not enrolled',
    host: await attempt(async () => readHostFacts(openProc())),
    doctor: await attempt(() => examineHost(context, { identity })),
    status: await attempt(() => ask('status')),
    logs: await attempt(() => ask('logs')),
    files: await attempt(() => listFiles(disk, config.dataDir)),
  };
  return redactValue(sections) as SupportBundle;
}

async function attempt<T>(task: () => Promise<T>): Promise<T | { error: ReturnType<typeof describeError> }> {
  try {
    return await task();
  } catch (error) {
    return { error: describeError(error) };
  }
}

async function listFiles(disk: Disk, root: string): Promise<string[]> {
  const lines: string[] = [];
  const queue = [root];
  for (let path = queue.shift(); path !== undefined && lines.length < MOST_FILES; path = queue.shift()) {
    const stat = await disk.stat(path);
    if (stat === undefined) continue;
    const { kind, mode, uid, bytes, modifiedMs } = stat;
    lines.push(`${kind} ${mode.toString(8)} ${uid} ${bytes} ${new Date(modifiedMs).toISOString()} ${path}`);
    if (kind === 'directory') queue.push(...(await disk.list(path)).map((name) => join(path, name)));
  }
  return lines;
}
