import { connect } from 'node:net';
import { type Clock, DeadlineError, withDeadline } from '#clock.ts';
import { AgentError } from '#error.ts';

export type AgentUnreachableCode = 'agent_unreachable' | 'agent_denied' | 'agent_silent' | 'agent_garbled';

const MEANING: Record<AgentUnreachableCode, { retry: boolean; text: string }> = {
  agent_unreachable: {
    retry: true,
    text: 'no agent answers there: start it (`stoa-agent run`, or `systemctl start stoa-agent`), or name its --data',
  },
  agent_denied: { retry: false, text: 'permission is denied: run this as root, or as the user of the agent' },
  agent_silent: { retry: true, text: 'the agent accepted, and did not answer in time' },
  agent_garbled: { retry: false, text: 'what answers there is not an agent of this version' },
};

export class AgentUnreachableError extends AgentError<AgentUnreachableCode> {
  override readonly name = 'AgentUnreachableError';

  constructor(code: AgentUnreachableCode, path: string, cause?: unknown) {
    const { retry, text } = MEANING[code];
    super(code, `${path}: ${text}`, { retry, cause });
  }
}

/** The agent understood, and says why it does not do it; its own code. */
export class AgentRefusalError extends AgentError {
  override readonly name = 'AgentRefusalError';
}

export interface StatusClientOptions {
  path: string;
  clock: Clock;
  timeoutMs?: number;
  signal?: AbortSignal;
}

const TIMEOUT_MS = 2000;

/**
 * Asks the agent behind a status socket; the answer is its JSON without `ok`.
 * @param request What stands beside the question.
 *
 * @throws AgentUnreachableError, AgentRefusalError
 */
export async function askStatus(
  { path, clock, timeoutMs = TIMEOUT_MS, signal }: StatusClientOptions,
  question: 'status' | 'metrics' | 'logs' | 'jobs' | 'look' | 'update',
  request: object = {},
): Promise<Readonly<Record<string, unknown>>> {
  try {
    const deadline = { ms: timeoutMs, what: `asking ${path}`, signal };
    const line = await withDeadline(clock, deadline, (inner) =>
      exchange(path, { ...request, ask: question }, inner),
    );
    return parse(line, path);
  } catch (cause) {
    throw describe(path, cause);
  }
}

/**
 * Each line of the agent's log from now on. Resolves when the signal aborts.
 * @throws AgentUnreachableError also where the agent ends.
 */
export async function followLog(
  { path, signal }: Pick<StatusClientOptions, 'path'> & { signal: AbortSignal },
  told: (line: string) => void,
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      const socket = connect({ path, signal });
      let rest = '';
      socket.setEncoding('utf8');
      socket.once('connect', () => socket.write(`${JSON.stringify({ ask: 'follow' })}\n`));
      socket.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) told(String(Reflect.get(JSON.parse(line), 'line')));
      });
      socket.once('error', (error) => (signal.aborted ? resolve() : reject(error)));
      socket.once('close', () => reject(new Error('the agent has ended')));
    });
  } catch (cause) {
    throw describe(path, cause);
  }
}

function exchange(path: string, request: object, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, signal });
    let received = '';
    socket.setEncoding('utf8');
    socket.once('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on('data', (text: string) => {
      received += text;
    });
    socket.once('end', () => resolve(received));
    socket.once('error', reject);
  });
}

function parse(line: string, path: string): Readonly<Record<string, unknown>> {
  const answer: unknown = JSON.parse(line);
  const refusal = refusalIn(answer);
  if (refusal !== undefined) throw refusal;
  if (typeof answer !== 'object' || answer === null || Reflect.get(answer, 'ok') !== true)
    throw new AgentUnreachableError('agent_garbled', path, answer);
  const { ok: _ok, ...rest } = answer as Record<string, unknown>;
  return rest;
}

function refusalIn(answer: unknown): AgentRefusalError | undefined {
  const { ok, error } = { ...(answer as { ok?: unknown; error?: unknown } | null) };
  const { code, message, retry } = { ...(error as Record<string, unknown> | undefined) };
  if (ok !== false || typeof code !== 'string' || typeof message !== 'string') return undefined;
  return new AgentRefusalError(code, message, { retry: retry === true });
}

function describe(path: string, cause: unknown): AgentError {
  if (cause instanceof AgentUnreachableError || cause instanceof AgentRefusalError) return cause;
  if (cause instanceof DeadlineError) return new AgentUnreachableError('agent_silent', path, cause);
  if (cause instanceof SyntaxError) return new AgentUnreachableError('agent_garbled', path, cause);
  const errno = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const denied = errno === 'EACCES' || errno === 'EPERM';
  return new AgentUnreachableError(denied ? 'agent_denied' : 'agent_unreachable', path, cause);
}
