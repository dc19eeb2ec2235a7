import { Act, control, type Faults, Field, FormFault, type Typed, typedOf } from '../console/form.tsx';
import { Ago, Empty, Panel, Table } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { LENGTHS } from './forms.ts';
import { lengthWord } from './list-page.tsx';
import { AlertPage } from './pages.tsx';
import { RULE_IDS, wordsOf } from './rule.ts';
import { REGION_OWNER } from './settings.ts';
import type { StoredSilence } from './silence-store.ts';

export interface SilencesPageProps {
  readonly silences: readonly StoredSilence[];
  readonly now: number;
  /** Whether the viewer may silence the whole region. */
  readonly mayRegion: boolean;
  readonly typed?: Typed;
  readonly faults?: Faults;
}

/** Mutes and maintenance windows: those that are not over, and the form for one more. */
export function SilencesPage({ silences, now, mayRegion, typed = {}, faults = {} }: SilencesPageProps) {
  return (
    <AlertPage tab="maintenance" aside="what outlasts one is told when it ends; nothing is lost">
      <div class="stack">
        <Panel id="silences" title="Now and to come">
          {silences.length === 0 ? (
            <Empty title="Nothing is held back">
              <p>Plan a window below before you work on nodes: badges and the API show it too.</p>
            </Empty>
          ) : (
            <Silences silences={silences} now={now} />
          )}
        </Panel>
        <Panel id="new-silence" title="Hold notices back">
          <NewSilence {...{ mayRegion, typed, faults }} />
        </Panel>
      </div>
    </AlertPage>
  );
}

function Silences({ silences, now }: { silences: readonly StoredSilence[]; now: number }) {
  return (
    <Table
      caption="Mutes and maintenance windows"
      columns={['What', 'Of', 'Rule', 'Begins', 'Ends', 'Why']}
      acts
    >
      {silences.map((silence) => (
        <tr>
          <td>{silence.kind === 'mute' ? 'Mute' : 'Maintenance'}</td>
          <th scope="row">{scopeWord(silence)}</th>
          <td>{silence.rule === undefined ? 'all' : wordsOf(silence.rule).word}</td>
          <td>
            <Ago at={silence.from} now={now} />
          </td>
          <td>
            <Ago at={silence.until} now={now} />
          </td>
          <td>
            {silence.reason}
            <span class="sub">{silence.createdBy}</span>
          </td>
          <td>
            <Act
              path={`/alerts/silences/${silence.id}/cancel`}
              word="End now"
              label={`End now: ${silence.kind} of ${scopeWord(silence)}`}
            />
          </td>
        </tr>
      ))}
    </Table>
  );
}

function scopeWord({ owner, nodeId, label, selector }: StoredSilence): string {
  if (nodeId !== undefined) return label ?? nodeId.slice(0, 8);
  if (selector !== '') return selector;
  return owner === REGION_OWNER ? 'the whole region' : 'all your nodes';
}

function NewSilence({ mayRegion, typed, faults }: { mayRegion: boolean; typed: Typed; faults: Faults }) {
  const kind = typedOf(typed, 'kind') || 'maintenance';
  return (
    <form method="post" action={href('/alerts/maintenance')} class="form">
      <FormFault faults={faults} />
      <div class="form-row">
        <Field name="kind" label="What" fault={faults['kind']}>
          <select {...control('kind', faults['kind'])}>
            <option value="maintenance" selected={kind === 'maintenance'}>
              Maintenance, shown everywhere
            </option>
            <option value="mute" selected={kind === 'mute'}>
              Mute, notices only
            </option>
          </select>
        </Field>
        <Field name="rule" label="Rule" fault={faults['rule']}>
          <select {...control('rule', faults['rule'])}>
            <option value="">All</option>
            {RULE_IDS.map((id) => (
              <option value={id} selected={id === typedOf(typed, 'rule')}>
                {wordsOf(id).word}
              </option>
            ))}
          </select>
        </Field>
      </div>
      {mayRegion && (
        <Field name="who" label="Whose nodes" fault={faults['who']}>
          <select {...control('who', faults['who'])}>
            <option value="mine">Mine</option>
            <option value="region" selected={typedOf(typed, 'who') === 'region'}>
              All of this region
            </option>
          </select>
        </Field>
      )}
      <Field
        name="selector"
        label="Only nodes that match"
        hint="A selector, as in the list of nodes: tag:lab region:eu. Empty: all."
        fault={faults['selector']}
      >
        <input
          {...control('selector', faults['selector'], true)}
          value={typedOf(typed, 'selector')}
          maxlength={1_000}
          autocomplete="off"
          spellcheck={false}
        />
      </Field>
      <div class="form-row">
        <Field name="from" label="From (UTC)" hint="Empty: now." fault={faults['from']}>
          <input
            {...control('from', faults['from'], true)}
            type="datetime-local"
            value={typedOf(typed, 'from')}
          />
        </Field>
        <Field name="hours" label="For" fault={faults['hours']}>
          <select {...control('hours', faults['hours'])}>
            {LENGTHS.map((hours) => (
              <option value={hours} selected={hours === (typedOf(typed, 'hours') || '4')}>
                {lengthWord(hours)}
              </option>
            ))}
          </select>
        </Field>
      </div>
      <Field name="reason" label="Why" fault={faults['reason']}>
        <input
          {...control('reason', faults['reason'])}
          value={typedOf(typed, 'reason')}
          maxlength={200}
          required
          autocomplete="off"
        />
      </Field>
      <div>
        <button type="submit" class="primary">
          Hold back
        </button>
      </div>
    </form>
  );
}
