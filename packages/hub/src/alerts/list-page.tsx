import type { Evidence } from '#nodes/index.ts';
import { absolute } from '../console/format.ts';
import { Ago, Empty, Facts, Table } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { AlertFilter, OpenAlert, PastChange } from './alert-reader.ts';
import { LENGTHS } from './forms.ts';
import { AlertPage, Older } from './pages.tsx';
import { ACCOUNT_RULE_IDS, isRuleId, pathOf, REGION_RULE_IDS, RULE_IDS, wordsOf } from './rule.ts';

const CHANGES: Readonly<Record<PastChange['change'], string>> = {
  firing: 'Fired',
  recovered: 'Recovered',
  closed: 'Closed',
};

export function OpenAlertsPage({
  alerts,
  total,
  filter,
  now,
}: {
  alerts: readonly OpenAlert[];
  total: number;
  filter: AlertFilter;
  now: number;
}) {
  return (
    <AlertPage tab="open" aside={total === 1 ? '1 alert is open' : `${total} alerts are open`}>
      <Filter path="/alerts" filter={filter} />
      {alerts.length === 0 ? <NoneOpen filter={filter} /> : null}
      <ul class="alert-list">
        {alerts.map((alert) => (
          <li class={`alert is-${wordsOf(alert.rule).severity}`}>
            <div class="alert-head">
              <p class="alert-word">
                <Severity rule={alert.rule} /> {wordsOf(alert.rule).word}
              </p>
              <p class="alert-subject">
                <Subject {...alert} />
              </p>
              <p class="alert-age">
                <Ago at={alert.since} now={now} />
                {alert.clearing && <span class="mark">recovering</span>}
                {alert.silent && <span class="mark">was so when first seen</span>}
                {!alert.silent && !alert.told && <span class="mark">held back</span>}
              </p>
            </div>
            <details>
              <summary>Why, and what to do</summary>
              <Why rule={alert.rule} evidence={alert.evidence} now={now} />
              {isRuleId(alert.rule) && <MuteForm alert={alert} />}
            </details>
          </li>
        ))}
      </ul>
      {total > alerts.length && alerts.length > 0 && (
        <p class="field-hint">
          The newest {alerts.length} are shown. A rule or a label above narrows them down.
        </p>
      )}
    </AlertPage>
  );
}

export function AlertHistoryPage({
  changes,
  next,
  filter,
  now,
}: {
  changes: readonly PastChange[];
  next: number | undefined;
  filter: AlertFilter;
  now: number;
}) {
  return (
    <AlertPage tab="history" aside="half a year of it">
      <Filter path="/alerts/history" filter={filter} />
      {changes.length === 0 ? (
        <Empty title="Nothing happened yet">
          <p>Whatever fires, recovers or is closed is written here.</p>
        </Empty>
      ) : (
        <Table
          caption="What alerts did, the newest first"
          columns={['When', 'What', 'Alert', 'Of', 'On what it rested']}
        >
          {changes.map((change) => (
            <tr>
              <td>
                <Ago at={change.at} now={now} />
              </td>
              <td>
                {CHANGES[change.change]}
                {change.silent && <span class="mark">untold</span>}
              </td>
              <td>
                <Severity rule={change.rule} /> {wordsOf(change.rule).word}
              </td>
              <th scope="row">
                <Subject {...change} />
              </th>
              <td>{change.evidence.map(evidenceText).join(', ')}</td>
            </tr>
          ))}
        </Table>
      )}
      <Older path="/alerts/history" query={queryOf(filter)} next={next} />
    </AlertPage>
  );
}

function queryOf({ rule, text }: AlertFilter): Record<string, string> {
  return { ...(rule !== undefined && { rule }), ...(text !== '' && { text }) };
}

const evidenceText = ({ name, value, at }: Evidence): string =>
  `${name}: ${at === undefined ? value : absolute(at)}`;

function Filter({ path, filter }: { path: string; filter: AlertFilter }) {
  return (
    <form action={href(path)} class="filters" aria-label="Filter the alerts">
      <div class="field">
        <label for="rule">Rule</label>
        <select id="rule" name="rule">
          <option value="">All</option>
          {[...RULE_IDS, ...ACCOUNT_RULE_IDS, ...REGION_RULE_IDS].map((id) => (
            <option value={id} selected={id === filter.rule}>
              {wordsOf(id).word}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="text">Label</label>
        <input
          id="text"
          name="text"
          value={filter.text}
          maxlength={64}
          autocomplete="off"
          spellcheck={false}
        />
      </div>
      <div class="filters-act">
        <button type="submit" class="primary">
          Filter
        </button>
        {Object.keys(queryOf(filter)).length > 0 && <a href={href(path)}>Show all</a>}
      </div>
    </form>
  );
}

function NoneOpen({ filter }: { filter: AlertFilter }) {
  if (Object.keys(queryOf(filter)).length > 0)
    return (
      <Empty title="No open alert matches">
        <p>
          <a href={href('/alerts')}>Show all</a>
        </p>
      </Empty>
    );
  return (
    <Empty title="Nothing is wrong">
      <p>
        Safe rules watch every node by default. <a href={href('/alerts/rules')}>See them</a>, or{' '}
        <a href={href('/alerts/channels')}>send a test</a> to where alerts go.
      </p>
    </Empty>
  );
}

function Severity({ rule }: { rule: string }) {
  const { severity } = wordsOf(rule);
  return (
    <span class={`severity is-${severity}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={severity === 'critical' ? 'M8 2l6 11H2z' : 'M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z'} />
      </svg>
      {severity}
    </span>
  );
}

function Subject({ rule, subject, label }: { rule: string; subject: string; label: string }) {
  const path = pathOf(rule, subject);
  return path === undefined ? <span>{label}</span> : <a href={href(path)}>{label}</a>;
}

function Why({ rule, evidence, now }: { rule: string; evidence: readonly Evidence[]; now: number }) {
  const words = wordsOf(rule);
  return (
    <div class="explain">
      <p>{words.rule}</p>
      <Facts
        facts={evidence.map(({ name, value, at }) => ({
          name,
          value: at === undefined ? (value ?? '') : <Ago at={at} now={now} />,
        }))}
      />
      <p class="explain-change">{words.change}</p>
    </div>
  );
}

function MuteForm({ alert }: { alert: OpenAlert }) {
  const id = `mute-${alert.rule}-${alert.subject.slice(0, 12)}`;
  return (
    <form method="post" action={href('/alerts/mute')} class="form-row mute">
      <input type="hidden" name="node" value={alert.subject} />
      <input type="hidden" name="rule" value={alert.rule} />
      <label for={id}>Hold its notices back for</label>
      <select id={id} name="hours">
        {LENGTHS.map((hours) => (
          <option value={hours}>{lengthWord(hours)}</option>
        ))}
      </select>
      <button type="submit" class="quiet">
        Mute
      </button>
    </form>
  );
}

export function lengthWord(hours: string): string {
  const count = Number(hours);
  if (count < 24) return count === 1 ? '1 hour' : `${count} hours`;
  return count === 24 ? '1 day' : `${count / 24} days`;
}
