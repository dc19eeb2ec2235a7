import { OpenAPIHono, type z } from '@hono/zod-openapi';
import type { HttpEnv } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { KeyScope } from '../viewer.ts';
import { errorSchema } from './schemas.ts';

export type Api = OpenAPIHono<HttpEnv>;
export type ApiDocument = ReturnType<Api['getOpenAPI31Document']>;

/** Routes whose requests are checked by their schemas; what does not fit is told with its place. */
export function createApi(): Api {
  return new OpenAPIHono<HttpEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      // What can't be an id is none: the same answer as to an id that names nothing.
      if (result.target === 'param') throw notFound('What the address names');
      const inBody = result.target === 'json';
      throw new HttpError(inBody ? 422 : 400, inBody ? 'bad_body' : 'bad_query', problem(result.error), {
        fix: 'The fields and their bounds stand at /docs.',
      });
    },
  });
}

const TOLD = 5;

function problem(error: z.ZodError): string {
  const told = error.issues
    .slice(0, TOLD)
    .map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  return told.join('; ').slice(0, 1_000);
}

const failure = {
  description: 'What is wrong, and what to do',
  content: { 'application/json': { schema: errorSchema } },
};

/** What every route may answer besides. */
export const FAILURES = { default: failure } as const;

/** Who may ask: keys and sessions alike. */
export function access(scope?: KeyScope) {
  const security: Record<string, string[]>[] = [{ key: [] }, { session: [] }];
  return { security, description: scope === undefined ? '' : `An API key needs the scope ${scope}.` };
}

export function json<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
