import { AgentError } from '#error.ts';

/** Exit codes are part of the interface: scripts rely on them. */
export const EXIT = {
  ok: 0,
  fail: 1,
  usage: 2,
  /** It works, and something wants attention. */
  degraded: 3,
  /** The agent, the hub or the way there did not answer. */
  unreachable: 4,
  /** Another agent has the data directory. */
  busy: 5,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Code `usage`: the command line itself is wrong. */
export class UsageError extends AgentError<'usage'> {
  override readonly name = 'UsageError';

  constructor(message: string, cause?: unknown) {
    super('usage', message, { retry: false, cause });
  }
}

const UNREACHABLE = new Set([
  'agent_unreachable',
  'agent_silent',
  'http_timeout',
  'http_refused',
  'http_dns',
  'http_unreachable',
  'http_reset',
  'proxy_unreachable',
]);

export function exitCodeOf(code: string): ExitCode {
  if (code === 'usage' || code === 'config_invalid' || code === 'no_evidence') return EXIT.usage;
  if (code === 'data_dir_busy') return EXIT.busy;
  return UNREACHABLE.has(code) ? EXIT.unreachable : EXIT.fail;
}
