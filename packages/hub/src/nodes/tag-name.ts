import { HttpError } from '../http-error.ts';

const TAG = /^[\p{L}\p{N}][\p{L}\p{N}._:/-]{0,39}$/u;

/** A tag as people type it into a form: one word, so that selectors name it without quotes. @throws {HttpError} `bad_tag`. */
export function tagName(typed: string): string {
  const tag = typed.trim();
  if (TAG.test(tag)) return tag;
  throw new HttpError(422, 'bad_tag', tag === '' ? 'A tag is missing.' : `'${tag.slice(0, 40)}' is no tag.`, {
    fix: 'A tag is one word of at most 40 letters, digits and . _ : / -, and begins with a letter or digit.',
  });
}
