import { formatScore, HW_PERMILLE, MICRO_CAP } from '@stoa/protocol/stoicism';
import { control, type Faults, Field, FormFault, type Typed, typedOf } from '../console/form.tsx';
import { absolute } from '../console/format.ts';
import { Ago, Empty, Facts, Panel, Table, Unknown } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { hubHourOf, startOf } from '../hub-hour.ts';
import type { Cause, StoredScore } from './run.ts';
import { RunTable } from './run-table.tsx';
import type { NodeScore } from './score-reader.ts';

export interface ScoreTabView extends NodeScore {
  readonly nodeId: string;
  /** Whether the viewer decides on reviews. */
  readonly reviews: boolean;
  readonly now: number;
  readonly typed?: Typed | undefined;
  readonly faults?: Faults | undefined;
}

/** What a node is worth by its benchmarks, part by part, and why. */
export function ScoreTab({ view }: { view: ScoreTabView }) {
  const { nodeId, runs, history, table } = view;
  const [newest] = history;
  return (
    <div class="stack">
      {newest === undefined ? (
        <Panel id="score" title="ServerScore">
          <Empty title="No score yet: this node earns nothing">
            <p>
              A benchmark makes one. It stops chainweb-node for 3 to 5 minutes and always starts it again:
            </p>
            <pre tabindex={0}>
              <code>stoa-hub job run benchmark-node -q id:{nodeId}</code>
            </pre>
          </Empty>
          <Measure nodeId={nodeId} />
        </Panel>
      ) : (
        <Standing view={view} newest={newest} />
      )}
      {runs.length > 0 && (
        <Panel
          id="runs"
          title="Last benchmarks"
          aside={`by baselines of version ${table.version}: what each part earns of a score of 1`}
        >
          <RunTable runs={runs} now={view.now} baselines={table.baselines} />
        </Panel>
      )}
      {newest !== undefined && <History history={history} now={view.now} />}
    </div>
  );
}

function Measure({ nodeId }: { nodeId: string }) {
  const query = new URLSearchParams({ kind: 'benchmark-node', q: `id:${nodeId}` });
  return (
    <div class="acts">
      <a href={href(`/jobs/run?${query}`)}>Run a benchmark</a>
    </div>
  );
}

function Standing({ view, newest }: { view: ScoreTabView; newest: StoredScore }) {
  const hour = hubHourOf(view.now);
  const counts = view.history.find(({ hubHour }) => hubHour <= hour);
  const run = view.runs.find(({ jobId }) => jobId === newest.jobId);
  return (
    <Panel id="score" title="ServerScore">
      <div class="stack">
        <Facts
          facts={[
            {
              name: 'Counts now',
              value:
                counts === undefined ? (
                  <Unknown why="none before the next full hour" />
                ) : (
                  <Micro score={counts} />
                ),
            },
            ...(counts === newest
              ? []
              : [
                  {
                    name: 'Counts from',
                    value: (
                      <>
                        <Micro score={newest} />, <Ago at={startOf(newest.hubHour)} now={view.now} />
                      </>
                    ),
                  },
                ]),
            ...(run === undefined
              ? []
              : [{ name: 'Hardware', value: `${run.hwType}, x ${HW_PERMILLE[run.hwType] / 1_000}` }]),
            { name: 'Committed', value: `${newest.committedGb} GB when it was measured: gate 5 asks for it` },
          ]}
        />
        <Review view={view} newest={newest} />
        <Measure nodeId={view.nodeId} />
      </div>
    </Panel>
  );
}

function Micro({ score }: { score: StoredScore }) {
  return (
    <>
      <strong>{formatScore(score.micro)}</strong>, version {score.version}
    </>
  );
}

function Review({ view, newest }: { view: ScoreTabView; newest: StoredScore }) {
  const decision = view.runs.find(({ jobId }) => jobId === newest.jobId)?.decision;
  if (decision !== undefined)
    return (
      <p>
        Figures above the caps were {decision.word} <Ago at={decision.at} now={view.now} />: {decision.reason}
      </p>
    );
  if (newest.reviewMicro <= newest.micro) return null;
  return (
    <>
      <p class="warning">
        A part counts up to 4 times its baseline, and a node up to {MICRO_CAP / 1_000_000}, until an admin has
        looked at it. All that was measured would be {formatScore(newest.reviewMicro)}.
      </p>
      {view.reviews && <ReviewForm view={view} newest={newest} />}
    </>
  );
}

function ReviewForm({ view, newest }: { view: ScoreTabView; newest: StoredScore }) {
  const { faults = {}, typed } = view;
  return (
    <form method="post" action={href(`/nodes/${view.nodeId}/score/review`)} class="inline-form">
      <FormFault faults={faults} hidden={['version', 'word']} />
      <input type="hidden" name="version" value={newest.version} />
      <Field
        name="reason"
        label="Why"
        hint="Kept in the audit log, and shown to the owner."
        fault={faults['reason']}
      >
        <input
          {...control('reason', faults['reason'], true)}
          value={typedOf(typed, 'reason')}
          maxlength={200}
          required
        />
      </Field>
      <div class="acts">
        <button type="submit" name="word" value="accepted" class="primary">
          Accept
        </button>
        <button type="submit" name="word" value="refused" class="quiet">
          Refuse
        </button>
      </div>
    </form>
  );
}

const CAUSES: Readonly<Record<Cause, string>> = {
  benchmark: 'a benchmark',
  baselines: 'other baselines',
  review: 'a review',
};

function History({ history, now }: { history: readonly StoredScore[]; now: number }) {
  return (
    <Panel id="versions" title="Versions">
      <Table
        caption="Scores, the newest first"
        columns={[
          { word: 'Version', num: true },
          { word: 'Score', num: true },
          'From (UTC)',
          'By',
          'Stamped',
        ]}
      >
        {history.map((score) => (
          <tr>
            <td class="num">{score.version}</td>
            <th scope="row" class="num">
              {formatScore(score.micro)}
            </th>
            <td>{absolute(startOf(score.hubHour)).slice(0, 16)}</td>
            <td>
              <a href={href(`/jobs/${score.jobId}`)}>{CAUSES[score.cause]}</a>
            </td>
            <td>
              <Ago at={score.at} now={now} />
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}
