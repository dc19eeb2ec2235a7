import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { ApiDocument } from './route.ts';

type Schema = Readonly<Record<string, unknown>>;
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly body: Schema | undefined;
}

/** Of a node called so in tests. */
export const idOf = (name: string): string => createHash('sha256').update(name).digest('hex');

export function operationsOf(document: ApiDocument): Operation[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    (['get', 'post', 'delete'] as const).flatMap((method) => {
      const operation = item[method] as
        | { parameters?: Operation['parameters']; requestBody?: unknown }
        | undefined;
      if (operation === undefined) return [];
      const reference = JSON.stringify(operation.requestBody ?? {}).match(
        /#\/components\/schemas\/(\w+)/,
      )?.[1];
      const body =
        reference === undefined ? undefined : (document.components?.schemas?.[reference] as Schema);
      return [{ method: method.toUpperCase(), path, parameters: operation.parameters ?? [], body }];
    }),
  );
}

/** Mostly what the schema says, at its edges and just beyond; sometimes anything. */
function anyOf(schema: Schema): fc.Arbitrary<unknown> {
  const type = [schema['type']].flat()[0];
  const words = schema['enum'];
  const length = Number(schema['maxLength'] ?? 60);
  const proper: fc.Arbitrary<unknown> =
    type === 'array'
      ? fc.array(anyOf(schema['items'] as Schema), { maxLength: 10 })
      : type === 'integer' || type === 'number'
        ? fc.oneof(fc.integer(), fc.constantFrom(schema['minimum'], schema['maximum'], 1, 2 ** 53))
        : Array.isArray(words)
          ? fc.constantFrom(...(words as unknown[]))
          : typeof schema['pattern'] === 'string' && !schema['pattern'].includes('\\p')
            ? fc.stringMatching(new RegExp(schema['pattern']))
            : fc.oneof(
                fc.string({ unit: 'grapheme', maxLength: length + 2 }),
                fc.constantFrom(
                  'state:online',
                  'lag:>5 OR -tag:x',
                  '2026-11-25',
                  '9'.repeat(14),
                  '0',
                  '\0',
                  "';--",
                ),
              );
  return fc.oneof({ weight: 6, arbitrary: proper }, { weight: 1, arbitrary: fc.jsonValue() });
}

/** Requests that the document allows, at its edges and just beyond. */
export function requestOf({
  method,
  path,
  parameters,
  body,
}: Operation): fc.Arbitrary<{ path: string; init: RequestInit }> {
  const query = parameters.filter((parameter) => parameter.in === 'query');
  const values = fc.record(Object.fromEntries(query.map(({ name, schema }) => [name, anyOf(schema)])), {
    requiredKeys: [],
  });
  const id = fc.oneof(
    fc.constantFrom(idOf('n3'), idOf('n6'), '0'.repeat(32)),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 70 }),
  );
  const properties = Object.entries((body?.['properties'] ?? {}) as Record<string, Schema>);
  const fields = fc.record(Object.fromEntries(properties.map(([name, schema]) => [name, anyOf(schema)])), {
    requiredKeys: [],
  });
  const sent = fc.oneof(
    { weight: 5, arbitrary: fields.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string() },
  );
  const contentType = fc.oneof(
    { weight: 8, arbitrary: fc.constant('application/json') },
    fc.constantFrom('text/plain', 'application/json; charset=x', ''),
  );
  return fc.tuple(values, id, sent, contentType).map(([asked, place, text, type]) => {
    const entries = Object.entries(asked).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
    const address = path.replace('{id}', encodeURIComponent(place.toWellFormed()));
    const search = entries.length === 0 ? '' : `?${new URLSearchParams(entries as [string, string][])}`;
    return {
      path: address + search,
      init: { method, ...(body !== undefined && { body: text, headers: { 'content-type': type } }) },
    };
  });
}
