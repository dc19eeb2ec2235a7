import { AgentError } from '#error.ts';

export type RefusalCode =
  | 'root_malformed'
  | 'root_not_pinned'
  | 'root_bad_policy'
  | 'root_denied'
  | 'root_bad_job'
  | 'root_bad_order'
  | 'root_old_token'
  | 'root_order_used'
  | 'root_daily_cap'
  | 'root_no_step'
  | 'root_bad_args'
  | 'root_over'
  | 'root_busy'
  | 'root_no_node'
  | 'root_not_kept'
  | 'root_unproven_data'
  | 'root_no_launcher'
  | 'root_below_floor';

/**
 * The privileged unit did not do it. Nothing was run, but for two cases of `root_unproven_data`: what came in is not what
 * was ordered, or was cut. Then it lies unpacked beside the data, and no step takes it for proven.
 */
export class RefusalError extends AgentError<RefusalCode> {
  override readonly name = 'RefusalError';

  constructor(code: RefusalCode, message: string, cause?: unknown) {
    super(code, message, { retry: code === 'root_busy', cause });
  }
}
