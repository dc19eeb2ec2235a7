import { HttpError } from '../http-error.ts';
import { isFresh, type Viewer } from '../viewer.ts';

/** Leads a person to the page that confirms, and back. */
export function needsConfirmation(): HttpError {
  return new HttpError(403, 'confirm_first', 'This needs a fresh proof that it is you.', {
    fix: 'Open /confirm in the browser, then repeat it within five minutes.',
  });
}

/**
 * Before what destroys, changes owners or shows secrets: the person must have proved to be there within five minutes.
 * @throws {HttpError} `confirm_first`; always for a key, which is no person.
 */
export function requireFresh(viewer: Viewer, now: number): void {
  if (!isFresh(viewer, now)) throw needsConfirmation();
}
