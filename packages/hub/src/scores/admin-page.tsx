import { formatScore, PART_NAMES, partOf } from '@stoa/protocol/stoicism';
import { control, type Faults, Field, FormFault, type Typed, typedOf } from '../console/form.tsx';
import { absolute } from '../console/format.ts';
import { Ago, Empty, Panel, Table } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { hubHourOf, startOf } from '../hub-hour.ts';
import type { BaselineTable } from './baseline-store.ts';
import { figure } from './figures.ts';
import type { Waiting } from './score-store.ts';

export interface ScoresAdminView {
  readonly waiting: readonly Waiting[];
  /** The newest first. */
  readonly tables: readonly BaselineTable[];
  readonly now: number;
  readonly typed?: Typed | undefined;
  readonly faults?: Faults | undefined;
}

export const BASELINES_PATH = '/admin/scores/baselines';

/** For who decides on scores: what waits for a review, and the region's baselines. */
export function ScoresAdminPage({ view }: { view: ScoresAdminView }) {
  const { waiting, now } = view;
  return (
    <div class="stack">
      <h1>Scores</h1>
      <Panel id="waiting" title="Waiting for a review" aside="what the caps hold back, the most first">
        {waiting.length === 0 ? (
          <Empty title="Nothing waits">
            <p>A node comes here when a part of it is above 4 times its baseline, or its score above 5.</p>
          </Empty>
        ) : (
          <Table
            caption="Nodes whose score waits for a review"
            columns={[
              'Node',
              'Owner',
              { word: 'Score', num: true },
              { word: 'Would be', num: true },
              'Measured',
            ]}
          >
            {waiting.map((score) => (
              <tr>
                <th scope="row">
                  <a href={href(`/nodes/${score.nodeId}/score`)}>{score.label}</a>
                </th>
                <td>{score.owner}</td>
                <td class="num">{formatScore(score.micro)}</td>
                <td class="num">{formatScore(score.reviewMicro)}</td>
                <td>
                  <Ago at={score.at} now={now} />
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Panel>
      <BaselinePanel view={view} />
    </div>
  );
}

function BaselinePanel({ view: { tables, now, typed, faults = {} } }: { view: ScoresAdminView }) {
  const [newest] = tables;
  const published = tables.at(-1)!;
  return (
    <Panel id="baselines" title="Baselines" aside="what earns the full weight of each part in this region">
      <div class="stack">
        <Versions tables={tables} now={now} />
        <Table
          caption="Baselines by part"
          columns={[
            'Part',
            { word: 'Weight', num: true },
            { word: 'Baseline', num: true },
            { word: 'Published', num: true },
          ]}
        >
          {PART_NAMES.map((part) => (
            <tr>
              <th scope="row">
                {partOf(part).title}
                <span class="sub">{partOf(part).group}</span>
              </th>
              <td class="num">{partOf(part).weightPpm / 10_000} %</td>
              <td class="num">{figure(part, newest!.baselines[part])}</td>
              <td class="num">{figure(part, published.baselines[part])}</td>
            </tr>
          ))}
        </Table>
        <form method="post" action={href(BASELINES_PATH)} class="form-row">
          <FormFault faults={faults} />
          <Field name="part" label="Part" fault={faults['part']}>
            <select {...control('part', faults['part'])} required>
              {PART_NAMES.map((part) => (
                <option value={part} selected={typedOf(typed, 'part') === part}>
                  {partOf(part).group}: {partOf(part).title}
                </option>
              ))}
            </select>
          </Field>
          <Field name="baseline" label="Baseline" fault={faults['baseline']}>
            <input
              {...control('baseline', faults['baseline'])}
              value={typedOf(typed, 'baseline')}
              inputmode="decimal"
              maxlength={12}
              autocomplete="off"
              required
            />
          </Field>
          <Field name="reason" label="Why" fault={faults['reason']}>
            <input
              {...control('reason', faults['reason'])}
              value={typedOf(typed, 'reason')}
              maxlength={200}
              required
            />
          </Field>
          <button type="submit" class="quiet">
            Change it from the next hour on
          </button>
        </form>
      </div>
    </Panel>
  );
}

function Versions({ tables, now }: { tables: readonly BaselineTable[]; now: number }) {
  const hour = hubHourOf(now);
  return (
    <ul class="baseline-versions">
      {tables.slice(0, 5).map((table) => (
        <li>
          Version {table.version}
          {table.setAt === undefined ? (
            ', as published'
          ) : (
            <>
              , by {table.setBy}, {table.hubHour > hour ? 'counts from' : 'since'}{' '}
              {absolute(startOf(table.hubHour)).slice(0, 16)}: {table.reason}
            </>
          )}
        </li>
      ))}
    </ul>
  );
}
