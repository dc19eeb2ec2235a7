import { Panel } from '../console/parts.tsx';
import type { ApiDocument } from './route.ts';

type Operation = NonNullable<NonNullable<NonNullable<ApiDocument['paths']>[string]>['get']>;
type Schema = Readonly<Record<string, unknown>>;

const METHODS = ['get', 'post', 'delete'] as const;

/** The OpenAPI document as a page, with nothing fetched from elsewhere. */
export function DocsPage({ document, origin }: { document: ApiDocument; origin: string }) {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method] as Operation | undefined;
      return operation === undefined ? [] : [{ method: method.toUpperCase(), path, operation }];
    }),
  );
  const schemas = Object.entries(document.components?.schemas ?? {}) as [string, Schema][];
  return (
    <article class="docs">
      <header class="title">
        <h1>API</h1>
        <p class="panel-aside">
          version {document.info.version}, as <a href="/openapi.json">OpenAPI 3.1</a>
        </p>
      </header>
      <p>{document.info.description}</p>
      <p class="docs-example">
        <code>{`curl -H 'Authorization: Bearer stoa_…' '${origin}/api/v1/nodes?q=state:offline'`}</code>
      </p>
      <div class="stack">
        {operations.map((entry) => (
          <OperationPanel {...entry} />
        ))}
        {schemas.map(([name, schema]) => (
          <Panel id={`schema-${name}`} title={name}>
            <Fields schema={schema} name={name} />
          </Panel>
        ))}
      </div>
    </article>
  );
}

function OperationPanel({ method, path, operation }: { method: string; path: string; operation: Operation }) {
  const parameters = (operation.parameters ?? []) as unknown as (Schema & { name: string; schema: Schema })[];
  const body = (operation.requestBody as { content?: Record<string, { schema?: Schema }> } | undefined)
    ?.content;
  const asked = body?.['application/json']?.schema;
  return (
    <Panel
      id={`${method}-${path.replaceAll(/\W+/g, '-')}`}
      title={`${method} ${path}`}
      aside={operation.summary}
    >
      {operation.description && <p>{operation.description.replaceAll('`', '')}</p>}
      {parameters.length > 0 && (
        <dl class="facts">
          {parameters.map((parameter) => (
            <>
              <dt>
                <code>{parameter.name}</code>
              </dt>
              <dd>{[typeOf(parameter.schema), described(parameter)].filter(Boolean).join(': ')}</dd>
            </>
          ))}
        </dl>
      )}
      {asked !== undefined && <p>Body: {typeLink(asked)}</p>}
      <dl class="facts">
        {Object.entries(operation.responses ?? {}).map(([status, answer]) => (
          <Answer status={status} answer={answer as Schema} />
        ))}
      </dl>
    </Panel>
  );
}

function Answer({ status, answer }: { status: string; answer: Schema }) {
  const content = answer['content'] as Record<string, { schema?: Schema }> | undefined;
  const schema = content?.['application/json']?.schema;
  return (
    <>
      <dt>{status === 'default' ? 'otherwise' : status}</dt>
      <dd>
        {String(answer['description'])}
        {schema !== undefined && <>: {typeLink(schema)}</>}
      </dd>
    </>
  );
}

function Fields({ schema, name }: { schema: Schema; name: string }) {
  const required = new Set((schema['required'] as string[] | undefined) ?? []);
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>);
  return (
    <dl class="facts" aria-label={`Fields of ${name}`}>
      {properties.map(([field, of]) => (
        <>
          <dt>
            <code>{field}</code>
          </dt>
          <dd>
            {typeLink(of)}
            {!required.has(field) && ', may be left out'}
            {described(of) !== '' && `: ${described(of)}`}
          </dd>
        </>
      ))}
    </dl>
  );
}

function described(schema: Schema): string {
  return typeof schema['description'] === 'string' ? schema['description'] : '';
}

function typeLink(schema: Schema) {
  const items = schema['items'] as Schema | undefined;
  const name = referred(items ?? schema);
  if (name === undefined) return <>{typeOf(schema)}</>;
  return (
    <>
      {items !== undefined && 'list of '}
      <a href={`#schema-${name}`}>{name}</a>
    </>
  );
}

function referred(schema: Schema): string | undefined {
  const reference = schema['$ref'];
  return typeof reference === 'string' ? reference.split('/').at(-1) : undefined;
}

/** `string (1 to 56)`, `one of open, used`: what a person needs to fill it in. */
function typeOf(schema: Schema): string {
  const values = schema['enum'] as string[] | undefined;
  if (values !== undefined) return `one of ${values.join(', ')}`;
  const type = [schema['type'] ?? 'any'].flat().join(' or ');
  const least = schema['minLength'] ?? schema['minimum'];
  const most = schema['maxLength'] ?? schema['maximum'];
  const bounds =
    most === undefined || Number(most) > 1e9 ? '' : ` (${String(least ?? 0)} to ${String(most)})`;
  const items = schema['items'] as Schema | undefined;
  return items === undefined ? `${type}${bounds}` : `list of ${typeOf(items)}`;
}
