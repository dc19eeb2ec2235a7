import { HubError } from '../error.ts';

const STATUS = {
  join_token_unknown: 404,
  join_token_used: 410,
  join_token_expired: 410,
  join_token_elsewhere: 403,
  join_throttled: 429,
  node_of_another_owner: 409,
  exchange_unknown: 400,
  bad_request: 400,
  bad_label: 400,
} as const;

/** Why an enrolment was turned away; carries the HTTP status of the answer. */
export class EnrolmentError extends HubError<keyof typeof STATUS> {
  override readonly name = 'EnrolmentError';
  readonly status: number;

  constructor(code: keyof typeof STATUS, message: string, options: { cause?: unknown } = {}) {
    super(code, message, { retry: code === 'join_throttled', ...options });
    this.status = STATUS[code];
  }
}
