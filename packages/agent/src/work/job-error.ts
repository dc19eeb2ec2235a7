import { AgentError } from '#error.ts';

/**
 * Why a job ended without success: its code and message stand in the signed result. `code`: at most 48 of a-z, 0-9 and
 * _, stable. Never to be tried again by the agent itself: whether it is, is the hub's decision.
 */
export class JobError extends AgentError {
  override readonly name = 'JobError';

  constructor(code: string, message: string, cause?: unknown) {
    super(code, message, { retry: false, cause });
  }
}
