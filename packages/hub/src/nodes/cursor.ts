import { HttpError } from '../http-error.ts';
import { NODE_ID } from './node-id.ts';

/** A place in the list, which is ordered by label, then node id. */
export interface Cursor {
  readonly label: string;
  readonly nodeId: string;
}

const NODE_ID_LENGTH = 64;

export function encodeCursor({ label, nodeId }: Cursor): string {
  return Buffer.from(nodeId + label).toString('base64url');
}

/** @throws {HttpError} `bad_cursor`. */
export function decodeCursor(text: string): Cursor {
  const plain = Buffer.from(text, 'base64url').toString();
  const nodeId = plain.slice(0, NODE_ID_LENGTH);
  const label = plain.slice(NODE_ID_LENGTH);
  // PostgreSQL's text has no NUL.
  if (NODE_ID.test(nodeId) && !label.includes('\0')) return { label, nodeId };
  throw new HttpError(400, 'bad_cursor', 'The address names no place in the list.', {
    fix: 'Start again at the first page: /nodes.',
  });
}
