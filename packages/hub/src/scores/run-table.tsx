import {
  type Baselines,
  formatScore,
  PART_NAMES,
  type PartName,
  partOf,
  type ScoredPart,
} from '@stoa/protocol/stoicism';
import { Ago, Unknown, Wide } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { figure, raiseOf, share, whyOf } from './figures.ts';
import type { ScoreRun } from './score-reader.ts';

/** Benchmarks of one node side by side: each part with what it earned in each run. */
export function RunTable({
  runs,
  baselines,
  now,
}: {
  runs: readonly ScoreRun[];
  baselines: Baselines;
  now: number;
}) {
  const newest = runs.find(({ score }) => score !== undefined);
  return (
    <div class="stack">
      {runs.map((run) => run.fault !== '' && <Refused run={run} now={now} />)}
      <Wide label="Benchmarks side by side, the newest first">
        <table class="score-runs">
          <thead>
            <tr>
              <th scope="col">Part</th>
              <th scope="col" class="num">
                Weight
              </th>
              <th scope="col" class="num">
                Baseline
              </th>
              {runs.map((run) => (
                <th scope="col" class="num">
                  <a href={href(`/jobs/${run.jobId}`)}>
                    <Ago at={run.endedAt} now={now} />
                  </a>
                </th>
              ))}
              <th scope="col">Raised by</th>
            </tr>
          </thead>
          <tbody>
            {PART_NAMES.map((part) => (
              <tr>
                <Part part={part} />
                <td class="num">{partOf(part).weightPpm / 10_000} %</td>
                <td class="num">{figure(part, baselines[part])}</td>
                {runs.map((run) => (
                  <Cell scored={partIn(run, part)} />
                ))}
                <td>
                  <Raise scored={newest && partIn(newest, part)} />
                </td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">Score</th>
              <td colspan={2}>with the factor of the hardware</td>
              {runs.map(({ score }) => (
                <td class="num">
                  {score === undefined ? 'refused' : <strong>{formatScore(score.micro)}</strong>}
                </td>
              ))}
              <td />
            </tr>
          </tfoot>
        </table>
      </Wide>
    </div>
  );
}

function Refused({ run, now }: { run: ScoreRun; now: number }) {
  return (
    <p class="warning">
      The benchmark of <Ago at={run.endedAt} now={now} /> makes no score: {run.fault}.
    </p>
  );
}

function partIn({ score }: ScoreRun, part: PartName): ScoredPart | undefined {
  return score?.parts.find((scored) => scored.part === part);
}

function Part({ part }: { part: PartName }) {
  const { group, title } = partOf(part);
  return (
    <th scope="row">
      {title}
      <span class="sub">{group}</span>
    </th>
  );
}

function Cell({ scored }: { scored: ScoredPart | undefined }) {
  if (scored === undefined)
    return (
      <td class="num">
        <Unknown why="the run was refused" />
      </td>
    );
  const why = whyOf(scored);
  return (
    <td class={scored.earnedPpm === 0 ? 'num is-nothing' : 'num'}>
      {share(scored.earnedPpm)}
      <span class="sub">{scored.value === undefined ? '' : figure(scored.part, scored.value)}</span>
      {why !== '' && <span class="sub why-part">{why}</span>}
    </td>
  );
}

function Raise({ scored }: { scored: ScoredPart | undefined }) {
  const raise = scored === undefined ? '' : raiseOf(scored);
  return raise === '' ? <Unknown why="nothing: it earns all that it can" /> : <span>{raise}</span>;
}
