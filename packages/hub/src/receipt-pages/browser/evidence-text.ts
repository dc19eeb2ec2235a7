import { MAX_EVIDENCE_BYTES } from '@stoa/protocol/stoicism';

/** Something that the reader can mend. */
export class ReaderError extends Error {
  override readonly name = 'ReaderError';
}

/** @throws {ReaderError} before a byte is read of what is no such file: gigabytes would take the page with them. */
export function textOf(file: Pick<File, 'name' | 'size' | 'text'>): Promise<string> {
  if (file.size > MAX_EVIDENCE_BYTES)
    throw new ReaderError(
      `${file.name} has ${file.size} bytes, a file of evidence at most ${MAX_EVIDENCE_BYTES}: choose another, or export fewer days.`,
    );
  return file.text();
}

/** What a hub answered that did not give the file. */
export function refused(status: number): ReaderError {
  const fix = status === 429 ? 'Wait a minute, and verify again.' : 'Sign in, and open the link again.';
  return new ReaderError(`The hub answered ${status}. ${fix}`);
}
