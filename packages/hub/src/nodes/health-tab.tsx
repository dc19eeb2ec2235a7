import type { Child } from 'hono/jsx';
import { LineChart } from '../console/chart.tsx';
import { duration } from '../console/format.ts';
import { Ago, Empty } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { type Health, type HealthChart, inUnit, RANGES, type RangeName } from './health.ts';

export function HealthTab(by: { nodeId: string; health: Health; panels?: readonly Child[] }) {
  const { nodeId, health, panels = [] } = by;
  const measured = health.charts.some(({ points }) => points.length > 0);
  return (
    <section aria-labelledby="health-title">
      <header class="tab-title">
        <h2 id="health-title">Health</h2>
        <Ranges nodeId={nodeId} active={health.range} />
      </header>
      <FirstPoint health={health} />
      {measured ? (
        <div class="charts" data-history={href(`/nodes/${nodeId}/history?range=${health.range}`)}>
          {health.charts.map((chart) => (
            <Chart chart={chart} health={health} />
          ))}
        </div>
      ) : (
        <Empty title="Nothing measured in this time">
          <p>The agent measures with each heartbeat; a first point shows a few minutes after it connects.</p>
        </Empty>
      )}
      {panels.length > 0 && <div class="stack below">{panels}</div>}
    </section>
  );
}

/** From an interval's end until its mean is stored and read. */
const STORED_MS = 90_000;

/** Where each chart has a dot only, when there will be lines. */
function FirstPoint({ health }: { health: Health }) {
  const [first, ...later] = [...new Set(health.charts.flatMap(({ points }) => points.map(({ at }) => at)))];
  if (first === undefined || later.length > 0) return '';
  const { stepMs } = RANGES[health.range];
  const begins = first + stepMs + STORED_MS;
  return (
    <p id="first-point">
      One point so far, the mean of {duration(stepMs)}: lines begin with the second,{' '}
      {begins > health.to ? (
        <>
          about <Ago at={begins} now={health.to} />
        </>
      ) : (
        'shortly'
      )}
      .
    </p>
  );
}

function Ranges({ nodeId, active }: { nodeId: string; active: RangeName }) {
  return (
    <nav class="ranges" aria-label="Time span">
      <ul>
        {Object.entries(RANGES).map(([name, { word }]) => (
          <li>
            <a
              href={href(`/nodes/${nodeId}?range=${name}`)}
              aria-current={name === active ? 'true' : undefined}
            >
              {word}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Chart({ chart: { spec, points }, health }: { chart: HealthChart; health: Health }) {
  const last = points.at(-1);
  const frame = {
    from: health.from,
    to: health.to,
    stepMs: RANGES[health.range].stepMs,
    ...(spec.top !== undefined && { top: spec.top }),
  };
  const highest = points.reduce((high, point) => Math.max(high, point.max), 0);
  return (
    <figure class="chart" data-series={spec.series} data-unit={spec.unit} data-top={spec.top}>
      <figcaption>
        <span class="chart-title">{spec.title}</span>
        <output class="chart-value">{last ? inUnit(spec.unit, last.avg) : '–'}</output>
      </figcaption>
      <div class="chart-plot">
        {points.length === 0 ? (
          <p class="unknown">no point in this time yet</p>
        ) : (
          <>
            <LineChart
              points={points}
              frame={frame}
              label={`${spec.title} over ${RANGES[health.range].word}: last ${inUnit(spec.unit, last!.avg)}, highest ${inUnit(spec.unit, highest)}`}
            />
            <p class="chart-top">{inUnit(spec.unit, spec.top ?? highest)}</p>
          </>
        )}
      </div>
    </figure>
  );
}
