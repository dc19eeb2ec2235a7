import { z } from 'zod';
import type { SshLogin } from '#seams/ssh-pool/index.ts';
import { emailAddress, line } from '../../console/form.tsx';

const MOST_TAGS = 10;
const TAG = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,31}$/u;
/** 4,096-bit RSA keys are 3.4 KB. */
const MOST_KEY = 8_000;
export const MOST_LIST = 30_000;

const tags = z
  .string()
  .max(400, 'at most 400 characters')
  .transform((text) => [...new Set(text.toLowerCase().split(/[\s,]+/))].filter(Boolean))
  .refine(
    (all) => all.length <= MOST_TAGS && all.every((tag) => TAG.test(tag)),
    `at most ${MOST_TAGS}, each of letters, digits, '.', '_' and '-', 32 at most`,
  );

const place = {
  host: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9.:-]{1,253}$/, 'a name or an address'),
  port: z
    .string()
    .regex(/^[1-9]\d{0,4}$/, 'a port')
    .transform(Number)
    .refine((port) => port <= 65_535, 'at most 65535'),
  user: z
    .string()
    .trim()
    .regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'a name of a Unix user'),
  owner: emailAddress(),
  label: z.union([z.literal(''), line(56)]),
  tags,
};

/** Which host, and what it becomes. */
export const placeForm = z.strictObject(place);
export type PlaceForm = z.infer<typeof placeForm>;

const secrets = {
  password: z.string().max(1_000, 'at most 1000 characters'),
  key: z.string().trim().max(MOST_KEY, `at most ${MOST_KEY} characters`),
};

/** One of the two; undefined for neither or both. */
export function loginOf({ password, key }: { password: string; key: string }): SshLogin | undefined {
  if ((password === '') === (key === '')) return undefined;
  return password === '' ? { kind: 'key', privateKey: `${key}\n` } : { kind: 'password', password };
}

/** The same, with the key that was shown and the login that is used once. */
export const beginForm = z.strictObject({
  ...place,
  fingerprint: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'a fingerprint as ssh-keygen shows it'),
  ...secrets,
});

export const listForm = z.strictObject({
  csv: z.string().max(MOST_LIST, `at most ${MOST_LIST} characters`),
  owner: emailAddress(),
  tags,
});

export const acceptForm = z.object({
  sealed: z.string().max(3 * MOST_LIST),
  place: z.union([z.string().max(300), z.array(z.string().max(300)).max(500)]).optional(),
});

/** What an act on a node takes; fields of other kinds are not sent. */
export const actForm = z.strictObject({
  allow: z
    .string()
    .trim()
    .regex(/^(?:\d{1,5}(?:,\d{1,5}){0,31})?$/, 'ports with commas between: 1789,1848')
    .optional(),
  password: z.string().max(1_000).optional(),
});

export const markForm = z.strictObject({
  reason: line(200),
  until: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/, 'a day')
    .transform((day) => Date.parse(`${day}T23:59:59Z`))
    .refine((at) => Number.isFinite(at), 'a day'),
});
