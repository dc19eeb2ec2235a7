import { connect, type Socket } from 'node:net';
import { decodeExact, type JobMessage } from '@stoa/protocol';
import { AgentError } from '#error.ts';
import type { StepName } from '#root/steps.ts';
import {
  CHUNK_BYTES,
  drained,
  endReply,
  formatFrame,
  formatOpen,
  lineReply,
  type OpenRequest,
  ROOT_FRAME,
  readFrames,
  refusedReply,
} from '#root/wire.ts';
import type { Command, CommandEnd } from '#work/commands.ts';

export interface StepRun extends Pick<Command, 'onLine' | 'onBytes'> {
  readonly signal: AbortSignal;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly input?: AsyncIterable<Uint8Array>;
}

/** The steps of one job that need root. */
export interface RootSteps {
  /** Resolves with the step's exit code. @throws RootStepError with the unit's own code where it refuses. */
  run(step: StepName, run: StepRun): Promise<CommandEnd>;
}

/** `root_away`: the privileged unit can't be reached. Any other code is that unit's. */
export class RootStepError extends AgentError {
  override readonly name = 'RootStepError';

  constructor(code: string, message: string, cause?: unknown) {
    super(code, message, { retry: code === 'root_busy' || code === 'root_away', cause });
  }
}

export interface RootClientDeps {
  readonly socketPath: string;
  /** The region's signed time as the session had it last. */
  readonly time: () => OpenRequest['time'];
  /** That this agent has followed. */
  readonly ownerKeyChanges: () => Promise<OpenRequest['ownerKeyChanges']>;
}

export type OpenRootSteps = (message: JobMessage) => RootSteps;

export function createRootClient(deps: RootClientDeps): OpenRootSteps {
  return (message) => ({
    run: async (step, run) => {
      const ownerKeyChanges = await deps.ownerKeyChanges();
      const socket = await dial(deps.socketPath);
      const abort = (): void => void socket.destroy();
      run.signal.addEventListener('abort', abort, { once: true });
      try {
        run.signal.throwIfAborted();
        const args = JSON.stringify(run.args ?? {});
        const request = { message, time: deps.time(), ownerKeyChanges, step, args };
        socket.write(formatOpen(request));
        return await converse(socket, step, run);
      } catch (error) {
        // A socket that was closed for the abort says many things; the reason is what counts.
        run.signal.throwIfAborted();
        throw error;
      } finally {
        run.signal.removeEventListener('abort', abort);
        socket.destroy();
      }
    },
  });
}

/** @throws RootStepError `root_away` */
export function dial(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.off('error', fail);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
    const fail = (cause: Error): void =>
      reject(
        new RootStepError(
          'root_away',
          `the privileged unit can't be reached at ${path}: is stoa-agent-root.socket active? Run install.sh again`,
          cause,
        ),
      );
    socket.once('error', fail);
  });
}

async function converse(socket: Socket, step: string, run: StepRun): Promise<CommandEnd> {
  const sending = send(socket, run.input);
  // What the unit answers counts: it may refuse before it has read all.
  sending.catch(() => socket.destroy());
  for await (const { type, payload } of readFrames(socket as AsyncIterable<Uint8Array>)) {
    if (type === ROOT_FRAME.line) {
      const { stream, line } = decodeExact(lineReply, payload);
      run.onLine?.(line, stream === 1 ? 'stdout' : 'stderr');
    } else if (type === ROOT_FRAME.bytes) await run.onBytes?.(payload);
    else if (type === ROOT_FRAME.end) return decodeExact(endReply, payload);
    else if (type === ROOT_FRAME.refused) {
      const { code, message } = decodeExact(refusedReply, payload);
      throw new RootStepError(code, message);
    }
  }
  run.signal.throwIfAborted();
  await sending;
  throw new RootStepError('root_away', `the privileged unit hung up before '${step}' was done`);
}

/** Input frames to the end of the input, or of the socket. */
export async function send(socket: Socket, input: AsyncIterable<Uint8Array> | undefined): Promise<void> {
  if (input === undefined) return;
  for await (const chunk of input) {
    for (let at = 0; at < chunk.length; at += CHUNK_BYTES) {
      if (socket.destroyed) return;
      const sent = socket.write(formatFrame(ROOT_FRAME.input, chunk.subarray(at, at + CHUNK_BYTES)));
      if (!sent) await drained(socket);
    }
  }
  socket.write(formatFrame(ROOT_FRAME.inputEnd));
}
