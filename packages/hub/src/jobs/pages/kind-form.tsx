import { JOB_KINDS, KIND_NAMES, type KindName, kindOf, type Parameter } from '@stoa/protocol';
import { control, type Faults, Field } from '../../console/form.tsx';
import { href } from '../../console/scope.ts';

/** What was asked for, as texts: the address of the page holds it whole, so it can be shown, kept and sent on. */
export interface RunForm {
  readonly kind: KindName | undefined;
  readonly q: string;
  readonly params: Readonly<Record<string, string>>;
  readonly faults: Faults;
}

const CLASS_WORDS = {
  read: 'change nothing',
  disruptive: 'stop, restart, measure or renew: take a signed order',
  code: 'bring code or data: take an order that the owner signed',
} as const;

/** Kind, nodes and parameters. Without a kind it asks for that alone. */
export function KindForm({ form }: { form: RunForm }) {
  const { kind, q, params, faults } = form;
  return (
    <form method="get" action={href('/jobs/run')} class="form">
      <Field name="kind" label="Kind" hint={kind && JOB_KINDS[kind].doc} fault={faults['kind']}>
        <select {...control('kind', faults['kind'], kind !== undefined)} required>
          <option value="">choose one</option>
          {Object.entries(CLASS_WORDS).map(([name, words]) => (
            <optgroup label={`${name}: ${words}`}>
              {KIND_NAMES.filter((each) => kindOf(each).class === name).map((each) => (
                <option value={each} selected={each === kind}>
                  {each}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      </Field>
      <Field
        name="q"
        label="Nodes"
        hint={
          <>
            in the <a href={href('/nodes/selectors')}>language of the search</a>: state:online tag:lab
          </>
        }
        fault={faults['q']}
      >
        <input
          {...control('q', faults['q'], true)}
          value={q}
          maxlength={1000}
          autocomplete="off"
          spellcheck={false}
        />
      </Field>
      {kind && <ParameterFields kind={kind} params={params} faults={faults} />}
      <button type="submit" class="primary">
        Show what it would do
      </button>
    </form>
  );
}

/** A field for each parameter of a kind, named `p.` and it. */
export function ParameterFields({
  kind,
  params,
  faults,
}: Pick<RunForm, 'params' | 'faults'> & { kind: KindName }) {
  return (
    <>
      {Object.entries(kindOf(kind).parameters).map(([name, parameter]) => (
        <ParameterField name={name} parameter={parameter} typed={params[name]} fault={faults[`p.${name}`]} />
      ))}
    </>
  );
}

function ParameterField({
  name,
  parameter,
  typed,
  fault,
}: {
  name: string;
  parameter: Parameter;
  typed: string | undefined;
  fault: string | undefined;
}) {
  const field = `p.${name}`;
  const value = typed ?? String(parameter.default ?? '');
  return (
    <Field name={field} label={name} hint={parameter.doc} fault={fault}>
      <Control field={field} parameter={parameter} value={value} fault={fault} />
    </Field>
  );
}

function Control({
  field,
  parameter,
  value,
  fault,
}: {
  field: string;
  parameter: Parameter;
  value: string;
  fault: string | undefined;
}) {
  const tied = control(field, fault, true);
  switch (parameter.type) {
    case 'choice':
    case 'flag': {
      const options = parameter.type === 'flag' ? ['true', 'false'] : parameter.options;
      return (
        <select {...tied}>
          {value === '' && <option value="">choose one</option>}
          {options.map((option) => (
            <option value={option} selected={option === value}>
              {option}
            </option>
          ))}
        </select>
      );
    }
    case 'number':
      return <input {...tied} type="number" min={parameter.min} max={parameter.max} value={value} />;
    default:
      return (
        <input {...tied} value={value} maxlength={parameter.max} autocomplete="off" spellcheck={false} />
      );
  }
}
