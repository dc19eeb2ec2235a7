/** One drawn point: an interval's mean between its extremes. */
export interface ChartPoint {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly min: number;
  readonly avg: number;
  readonly max: number;
}

export interface ChartFrame {
  readonly from: number;
  readonly to: number;
  /** Two intervals without a point: a gap, drawn as one. */
  readonly stepMs: number;
  /** Of the vertical axis; the data's own where absent. */
  readonly top?: number;
}

const WIDTH = 360;
const HEIGHT = 84;
/** An image has no room for more. */
const MOST_POINTS = 180;
/** So few make a line too short to see: each is marked. `static/console.js` does the same. */
const FEW_POINTS = 12;

/** A line with its range as an image: what a page shows before, or without, script. */
export function LineChart({
  points,
  frame,
  label,
}: {
  points: readonly ChartPoint[];
  frame: ChartFrame;
  label: string;
}) {
  const runs = unbroken(points, frame.stepMs * 2).map((run) =>
    thin(run, Math.ceil(points.length / MOST_POINTS)),
  );
  const place = placer(points, frame);
  return (
    <svg
      class="line-chart"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {[0.25, 0.5, 0.75].map((share) => (
        <line x1="0" x2={WIDTH} y1={share * HEIGHT} y2={share * HEIGHT} class="grid" />
      ))}
      {runs.map((run) => (
        <>
          <path
            class="range"
            d={`${path(run, 'max', place)} ${path([...run].reverse(), 'min', place, 'L')}Z`}
          />
          <path class="mean" d={path(run, 'avg', place)} />
          {(run.length === 1 || points.length <= FEW_POINTS) && (
            <path class="mean dot" d={dots(run, place)} />
          )}
        </>
      ))}
    </svg>
  );
}

type Place = (point: ChartPoint, value: number) => string;

function placer(points: readonly ChartPoint[], { from, to, top }: ChartFrame): Place {
  const highest = Math.max(top ?? 0, ...points.map((point) => point.max)) || 1;
  return (point, value) => {
    const x = ((point.at - from) / (to - from)) * WIDTH;
    const y = HEIGHT - (value / highest) * (HEIGHT - 2) - 1;
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
}

function path(run: readonly ChartPoint[], value: 'min' | 'avg' | 'max', place: Place, first = 'M'): string {
  return run.map((point, i) => `${i === 0 ? first : 'L'}${place(point, point[value])}`).join('');
}

/** Lines of no length, which round ends make dots. */
function dots(run: readonly ChartPoint[], place: Place): string {
  return run.map((point) => `M${place(point, point.avg)}h0`).join('');
}

/** One point for each `size` of them; extremes survive the merging. */
export function thin(points: readonly ChartPoint[], size: number): ChartPoint[] {
  const groups = Array.from({ length: Math.ceil(points.length / size) }, (_, i) =>
    points.slice(i * size, (i + 1) * size),
  );
  return groups.map((group) => ({
    at: group[0]!.at,
    min: Math.min(...group.map((point) => point.min)),
    avg: group.reduce((sum, point) => sum + point.avg, 0) / group.length,
    max: Math.max(...group.map((point) => point.max)),
  }));
}

/** Runs of points that are no further apart than `gapMs`. */
export function unbroken(points: readonly ChartPoint[], gapMs: number): ChartPoint[][] {
  const runs: ChartPoint[][] = [];
  for (const point of points) {
    const run = runs.at(-1);
    if (run !== undefined && point.at - run.at(-1)!.at <= gapMs) run.push(point);
    else runs.push([point]);
  }
  return runs;
}
