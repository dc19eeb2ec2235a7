import { HttpError } from '../http-error.ts';

export function badOrder(why: string, cause?: unknown): HttpError {
  return new HttpError(422, 'bad_order', `The order ${why}.`, {
    fix: 'Look at what it would do again, and sign what you see.',
    cause,
  });
}
