import type { Child } from 'hono/jsx';
import { z } from 'zod';
import type { HubContext } from '../http.ts';
import { HttpError } from '../http-error.ts';
import { href } from './scope.ts';

/** What was typed, by field: shown again where something was wrong with it. */
export type Typed = Readonly<Record<string, string | readonly string[]>>;
/** What is wrong, by field; of the form as a whole under ''. */
export type Faults = Readonly<Record<string, string>>;

export type Form<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly typed: Typed; readonly faults: Faults };

/** One line of text: no control characters, which would end up in mails, logs and headers. */
export function line(most: number): z.ZodString {
  const message = `1 to ${most} characters in one line`;
  return z
    .string(message)
    .trim()
    .min(1, message)
    .max(most, message)
    .regex(/^\P{Cc}*$/u, message);
}

/** An e-mail as accounts have it: trimmed, lower case. */
export function emailAddress(): z.ZodType<string> {
  const message = 'an e-mail address, like name@example.org';
  return z.string(message).trim().toLowerCase().max(254, 'at most 254 characters').pipe(z.email(message));
}

/** A field that may come any number of times, as check boxes do. */
export function many<T>(item: z.ZodType<T>, least = 0): z.ZodType<T[]> {
  const several = z.array(item).min(least, 'Choose at least one.').max(100);
  return z.preprocess((held) => (held === undefined ? [] : [held].flat()), several);
}

/**
 * What a form of ours sent.
 * @throws {HttpError} `bad_form` for what no form sends.
 */
export async function readForm<T>(c: HubContext, schema: z.ZodType<T>): Promise<Form<T>> {
  const type = c.req.header('content-type') ?? '';
  if (!type.startsWith('application/x-www-form-urlencoded'))
    throw new HttpError(415, 'bad_form', `The body is of type '${type.slice(0, 80)}'.`, {
      fix: 'Send a form: application/x-www-form-urlencoded.',
    });
  const typed = fieldsOf(new URLSearchParams(await c.req.text()));
  const read = schema.safeParse(typed);
  if (read.success) return { ok: true, value: read.data };
  const { formErrors, fieldErrors } = z.flattenError(read.error) as {
    formErrors: string[];
    fieldErrors: Record<string, string[] | undefined>;
  };
  const faults = Object.entries(fieldErrors).flatMap(([name, told]) =>
    told?.[0] === undefined ? [] : [[name, told[0]] as const],
  );
  const [whole] = formErrors;
  return {
    ok: false,
    typed,
    faults: Object.fromEntries(whole === undefined ? faults : [['', whole], ...faults]),
  };
}

function fieldsOf(parameters: URLSearchParams): Typed {
  const names = [...new Set(parameters.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = parameters.getAll(name);
      return [name, values.length === 1 ? values[0]! : values];
    }),
  );
}

/** What was typed into a field that comes once. */
export function typedOf(typed: Typed | undefined, name: string): string {
  const value = typed?.[name];
  return typeof value === 'string' ? value : '';
}

/** A field with its label, its hint, and what is wrong with what was typed. The control inside takes `describedBy`. */
export function Field({
  name,
  label,
  hint,
  fault,
  children,
}: {
  name: string;
  label: string;
  hint?: Child;
  fault?: string | undefined;
  children?: Child;
}) {
  return (
    <div class={fault === undefined ? 'field' : 'field is-faulty'}>
      <label for={name}>{label}</label>
      {children}
      {hint && (
        <p class="field-hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
      {fault !== undefined && (
        <p class="field-fault" id={`${name}-fault`} role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}

/** Attributes that tie a control to its `Field`. */
export function control(name: string, fault: string | undefined, hinted = false) {
  const described = [hinted && `${name}-hint`, fault !== undefined && `${name}-fault`]
    .filter(Boolean)
    .join(' ');
  return {
    id: name,
    name,
    ...(described !== '' && { 'aria-describedby': described }),
    ...(fault !== undefined && { 'aria-invalid': 'true' as const }),
  };
}

/** What is wrong with the form as a whole, or with fields that nobody sees. */
export function FormFault({ faults, hidden = [] }: { faults: Faults; hidden?: readonly string[] }) {
  const fault = ['', ...hidden].map((name) => faults[name]).find((told) => told !== undefined);
  return fault === undefined ? null : (
    <p class="warning" role="alert">
      {fault}
    </p>
  );
}

/** A form of one button. */
export function Act({
  path,
  word,
  label,
  tone = 'quiet',
}: {
  path: string;
  word: string;
  /** Said in place of the word, where one button of many needs more. */
  label?: string;
  tone?: string;
}) {
  return (
    <form method="post" action={href(path)}>
      <button type="submit" class={tone} aria-label={label}>
        {word}
      </button>
    </form>
  );
}
