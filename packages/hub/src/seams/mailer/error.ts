import { HubError } from '../../error.ts';

export class MailError extends HubError<'mail_failed'> {
  override readonly name = 'MailError';
  constructor(to: string, why: string, options: { retry: boolean; cause?: unknown }) {
    super('mail_failed', `the e-mail to ${to} could not be sent: ${why}`, options);
  }
}
