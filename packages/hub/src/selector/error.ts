import { HttpError } from '../http-error.ts';

/** A selector that can't be read. The column is where, in the text as it was typed. */
export class SelectorError extends HttpError {
  /** From 1, in UTF-16 units. */
  readonly column: number;
  readonly text: string;

  constructor(text: string, column: number, problem: string, fix: string) {
    super(400, 'bad_selector', `Column ${column}: ${problem}`, { fix });
    this.column = column;
    this.text = text;
  }
}
