import { z } from 'zod';
import { line } from '../console/form.tsx';

export const TERMS = [
  { minutes: '15', word: '15 minutes' },
  { minutes: '60', word: '1 hour' },
  { minutes: '1440', word: '1 day' },
  { minutes: '10080', word: '7 days' },
] as const;
export const MOST_NODES = 1_000;

const MOST_TAGS = 10;
const TAG = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,31}$/u;
/** Leaves room for the number that a token of many nodes appends (`JoinTokens`). */
const LABEL_BYTES = 56;

const terms = TERMS.map(({ minutes }) => minutes) as [string, ...string[]];

/** What the first step of the wizard asks. */
export const joinForm = z.strictObject({
  label: line(56).refine(
    (label) => Buffer.byteLength(label) <= LABEL_BYTES,
    `at most ${LABEL_BYTES} bytes of UTF-8`,
  ),
  tags: z
    .string()
    .max(400, 'at most 400 characters')
    .transform((text) => [
      ...new Set(
        text
          .toLowerCase()
          .split(/[\s,]+/)
          .filter(Boolean),
      ),
    ])
    .refine((tags) => tags.length <= MOST_TAGS, `at most ${MOST_TAGS} tags`)
    .refine(
      (tags) => tags.every((tag) => TAG.test(tag)),
      "each of letters, digits, '.', '_' and '-', 32 at most; spaces or commas between",
    ),
  nodes: z
    .string()
    .regex(/^[1-9]\d{0,4}$/, `a whole number from 1 to ${MOST_NODES}`)
    .transform(Number)
    .refine((nodes) => nodes <= MOST_NODES, `a whole number from 1 to ${MOST_NODES}`),
  minutes: z.enum(terms, 'Choose one of the terms.').transform(Number),
});
