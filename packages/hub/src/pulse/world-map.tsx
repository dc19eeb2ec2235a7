import { number } from '../console/format.ts';
import type { Place } from '../place.ts';
import { LEAST } from './anonymity.ts';
import { MAP, project } from './projection.ts';

export interface Dot {
  readonly region: string;
  readonly place: Place;
  /** Undefined: fewer than `LEAST`. */
  readonly count: number | undefined;
}

/** Area is the count; the smallest still shows, the largest leaves its neighbours room. */
function radius(count: number | undefined, most: number): number {
  return count === undefined ? 5 : 7 + 24 * Math.sqrt(count / Math.max(most, 1));
}

/** Where the nodes are, a circle a region. The table beside it says the same to those who don't see it. */
export function WorldMap({ dots, land }: { dots: readonly Dot[]; land: string }) {
  const most = Math.max(0, ...dots.map(({ count = 0 }) => count));
  const placed = dots
    .map((dot) => ({ ...dot, ...project(dot.place), r: radius(dot.count, most) }))
    .sort((a, b) => b.r - a.r);
  return (
    <svg class="world" viewBox={`0 0 ${MAP.width} ${MAP.height}`} aria-hidden="true">
      <use href={`${land}#land`} class="world-land" />
      {placed.map(({ x, y, r }) => (
        <circle class="world-dot" cx={x.toFixed(1)} cy={y.toFixed(1)} r={r.toFixed(1)} />
      ))}
      {placed.map(({ x, y, r, region, count }) => (
        <text class="world-word" x={x.toFixed(1)} y={(y + r + 17).toFixed(1)}>
          <tspan class="world-region">{region}</tspan>{' '}
          {count === undefined ? `under ${LEAST}` : number(count)}
        </text>
      ))}
    </svg>
  );
}
