import { HubError } from '../error.ts';
import { BadValue, readDuration } from '../selector/index.ts';

/** @returns milliseconds. @throws HubError `bad_option`. */
export function readDurationOption(option: string, text: string): number {
  try {
    return readDuration(text);
  } catch (cause) {
    if (!(cause instanceof BadValue)) throw cause;
    throw new HubError('bad_option', `${option}: ${cause.message}`, { retry: false, cause });
  }
}
