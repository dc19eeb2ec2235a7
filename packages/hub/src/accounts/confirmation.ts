import { HttpError } from '../http-error.ts';

/** What destroys, changes owners or shows secrets needs a proof of presence that is not older than five minutes. */
export function needsConfirmation(): HttpError {
  return new HttpError(403, 'confirm_first', 'This needs you to confirm that it is you.', {
    fix: 'Open /confirm in the browser, confirm, and do it again within five minutes.',
  });
}
