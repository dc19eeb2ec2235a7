import { control, type Faults, Field, type Typed, typedOf } from '../../console/form.tsx';
import { Empty, Panel } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import type { AuditScope, StoredRow } from '../store.ts';
import { Acts } from './acts.tsx';

export interface AuditPageProps {
  readonly scope: AuditScope;
  readonly rows: readonly StoredRow[];
  /** From where older rows are read. */
  readonly next: number | undefined;
  readonly typed: Typed;
  readonly faults: Faults;
  readonly now: number;
}

/** Who did what: filters, the rows they leave, the way to an export. */
export function AuditPage(props: AuditPageProps) {
  const { scope, rows, next, typed, faults, now } = props;
  return (
    <>
      <header class="title">
        <h1>Audit</h1>
        <p class="panel-aside">
          {scope.kind === 'all'
            ? 'every privileged act in this region'
            : 'what you did, and what touches your account and your nodes'}
        </p>
      </header>
      <Filters typed={typed} faults={faults} />
      {rows.length === 0 ? <Nothing typed={typed} /> : <Acts rows={rows} now={now} />}
      <Older typed={typed} next={next} />
      <Export />
    </>
  );
}

const TEXT_FILTERS = [
  { name: 'q', label: 'Words', hint: 'of any of it' },
  { name: 'actor', label: 'By', hint: 'e-mail, or hub' },
  { name: 'act', label: 'Act', hint: 'node.retire, or node' },
  { name: 'subject', label: 'On', hint: 'node id, e-mail, token id' },
  { name: 'owner', label: 'Touches', hint: 'e-mail of the owner' },
] as const;
const DAY_FILTERS = [
  { name: 'since', label: 'From (UTC)' },
  { name: 'until', label: 'To (UTC)' },
] as const;

function Filters({ typed, faults }: { typed: Typed; faults: Faults }) {
  return (
    <form action={href('/audit')} class="filters" aria-label="Filter the log">
      {TEXT_FILTERS.map(({ name, label, hint }) => (
        <Field name={name} label={label} fault={faults[name]}>
          <input
            {...control(name, faults[name])}
            value={typedOf(typed, name)}
            placeholder={hint}
            maxlength={254}
            autocomplete="off"
            spellcheck={false}
          />
        </Field>
      ))}
      {DAY_FILTERS.map(({ name, label }) => (
        <Field name={name} label={label} fault={faults[name]}>
          <input {...control(name, faults[name])} type="date" value={typedOf(typed, name)} />
        </Field>
      ))}
      <div class="filters-act">
        <button type="submit" class="primary">
          Filter
        </button>
        {isFiltered(typed) && <a href={href('/audit')}>Show all</a>}
      </div>
    </form>
  );
}

function isFiltered(typed: Typed): boolean {
  return Object.values(typed).some((value) => value !== '');
}

function Nothing({ typed }: { typed: Typed }) {
  if (isFiltered(typed))
    return (
      <Empty title="Nothing matches">
        <p>
          Words match by their beginning, the other filters exactly. <a href={href('/audit')}>Show all</a>
        </p>
      </Empty>
    );
  return (
    <Empty title="Nothing was recorded yet">
      <p>
        Each privileged act is written here before it is done. Try it: <code>stoa-hub nodes tag --help</code>
      </p>
    </Empty>
  );
}

function Older({ typed, next }: { typed: Typed; next: number | undefined }) {
  const kept = Object.entries(typed).filter(
    (entry): entry is [string, string] =>
      typeof entry[1] === 'string' && entry[1] !== '' && entry[0] !== 'before',
  );
  const paged = typedOf(typed, 'before') !== '';
  if (next === undefined && !paged) return null;
  const url = (place: Record<string, string>) =>
    href(`/audit?${new URLSearchParams([...kept, ...Object.entries(place)])}`);
  return (
    <nav class="pager" aria-label="Pages">
      {paged ? <a href={url({})}>Newest</a> : <span class="off">Newest</span>}
      {next === undefined ? (
        <span class="off">Older</span>
      ) : (
        <a rel="next" href={url({ before: String(next) })}>
          Older
        </a>
      )}
    </nav>
  );
}

function Export() {
  return (
    <Panel id="export" title="Export" aside="signed, and verifiable without this hub">
      <form action={href('/audit/export')} class="filters">
        {DAY_FILTERS.map(({ name, label }) => (
          <Field name={`export-${name}`} label={label}>
            <input id={`export-${name}`} name={name} type="date" />
          </Field>
        ))}
        <div class="filters-act">
          <button type="submit" class="primary">
            Download
          </button>
        </div>
      </form>
      <p class="field-hint">
        Gzipped JSON lines with all rows you may see. Anybody who knows the root's fingerprint checks them:{' '}
        <code>stoa-hub audit verify FILE --root FINGERPRINT</code>
      </p>
    </Panel>
  );
}
