import { peekInstanceCert } from '@stoa/protocol';
import type { MiddlewareHandler } from 'hono';
import type { ExportSigner } from '#audit/index.ts';
import type { Clock } from '../clock.ts';
import { Empty, Table } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { csvCell } from '../csv-cell.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { notFound } from '../http-error.ts';
import { viewerOf } from '../viewer.ts';
import { documentOf } from './document.ts';
import {
  type SignedStatement,
  STATEMENT_FORMAT,
  type Statement,
  signStatement,
  totalsOf,
} from './statement.ts';
import type { StatementStore } from './store.ts';

export interface StatementDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly store: StatementStore;
  readonly signer: ExportSigner;
  readonly clock: Pick<Clock, 'now'>;
}

/** What a person earned in a year, signed by the instance: as a page, JSON, and CSV, which carries no signature. */
export function statementRoutes(deps: StatementDeps): HttpFeature {
  const { guard, store } = deps;
  return {
    mount(app: HubApp) {
      app.use('/earnings/statements', guard);
      app.use('/earnings/statements/*', guard);
      app.get('/earnings/statements', async (c) => {
        const years = await store.years(viewerOf(c).email);
        return c.render(<Statements years={years} />, { title: 'Yearly statements', nav: 'earnings' });
      });
      app.get('/earnings/statements/:file{\\d{4}\\.(?:html|json|csv)}', async (c) => {
        const [year, form] = c.req.param('file').split('.') as [string, 'html' | 'json' | 'csv'];
        const { statement, signed } = await made(c, Number(year), deps);
        const test = statement.mode === 'live' ? '' : '-TEST';
        c.header('content-disposition', `attachment; filename="stoa-statement-${year}${test}.${form}"`);
        c.header('cache-control', 'private, no-store');
        if (form === 'html')
          return c.body(documentOf(signed, statement), 200, { 'content-type': 'text/html; charset=utf-8' });
        if (form === 'json')
          return c.body(`${JSON.stringify(signed)}\n`, 200, { 'content-type': 'application/json' });
        return c.body(csvOf(statement), 200, { 'content-type': 'text/csv; charset=utf-8' });
      });
    },
  };
}

/** @throws {HttpError} 404 for a year that is to come. */
async function made(
  c: HubContext,
  year: number,
  { store, signer, clock }: StatementDeps,
): Promise<{ statement: Statement; signed: SignedStatement }> {
  const now = clock.now();
  if (year > new Date(now).getUTCFullYear() || year < 2000) throw notFound('A statement of this year');
  const { email: person } = viewerOf(c);
  const chain = signer.chain();
  const { instance: hub, region } = peekInstanceCert(chain.instance);
  const { mode, ledger, days } = await store.read(person, year);
  const madeAt = new Date(now).toISOString();
  const statement = {
    ...{ format: STATEMENT_FORMAT, year, person, region, hub, madeAt, mode, ledger, days },
    totals: totalsOf(days),
  } satisfies Statement;
  return { statement, signed: signStatement(statement, { key: signer.key, chain }) };
}

function csvOf({ mode, person, days }: Statement): string {
  const lines = days.flatMap(({ day, events, digest, rules }) =>
    Object.entries(rules).map(([rule, sum]) =>
      [day, csvCell(person), rule, sum, events, digest, mode].join(','),
    ),
  );
  return ['day,person,rule,points,events_of_day,digest_of_day,mode', ...lines, ''].join('\r\n');
}

function Statements({ years }: { years: readonly number[] }) {
  return (
    <>
      <p class="crumb">
        <a href={href('/earnings')}>Earnings</a>
      </p>
      <header class="title">
        <h1>Yearly statements</h1>
      </header>
      {years.length === 0 ? (
        <Empty title="The ledger has written nothing for you yet">
          <p>A statement tells what it wrote in a year by UTC, signed by this hub.</p>
        </Empty>
      ) : (
        <Table
          caption="Statements by year"
          columns={['Year', 'Signed, to print', 'Signed, for programs', 'Not signed']}
        >
          {years.map((year) => (
            <tr>
              <th scope="row">{year}</th>
              <td>
                <a href={href(`/earnings/statements/${year}.html`)} download>
                  Page
                </a>
              </td>
              <td>
                <a href={href(`/earnings/statements/${year}.json`)} download>
                  JSON
                </a>
              </td>
              <td>
                <a href={href(`/earnings/statements/${year}.csv`)} download>
                  CSV
                </a>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <p class="footnote">
        Check a signed one anywhere: <code>stoa-hub ledger verify-statement FILE</code>. A year that is not
        over has what was written until now.
      </p>
    </>
  );
}
