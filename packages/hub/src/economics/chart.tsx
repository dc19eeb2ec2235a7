import { LineChart } from '../console/chart.tsx';

export interface Series {
  readonly title: string;
  /** As it is told, of the last day. */
  readonly last: string;
  readonly highest: string;
  readonly points: readonly { readonly day: number; readonly value: number }[];
}

const DAY_MS = 86_400_000;

/** A figure a day, as an area from nothing up. */
export function DayChart({ series: { title, last, highest, points } }: { series: Series }) {
  const [first, end] = [points[0], points.at(-1)];
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <output class="chart-value">{last}</output>
      </figcaption>
      <div class="chart-plot">
        {first === undefined || end === undefined ? (
          <p class="unknown">no day yet</p>
        ) : first === end ? (
          <p class="unknown">one day so far: a line begins with the second</p>
        ) : (
          <>
            <LineChart
              points={points.map(({ day, value }) => ({ at: day * DAY_MS, min: 0, avg: value, max: value }))}
              frame={{
                from: first.day * DAY_MS,
                to: end.day * DAY_MS,
                stepMs: DAY_MS,
              }}
              label={`${title}, a point a day: last ${last}, highest ${highest}`}
            />
            <p class="chart-top">{highest}</p>
          </>
        )}
      </div>
    </figure>
  );
}
