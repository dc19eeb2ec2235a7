import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { geoNaturalEarth1, geoPath } from 'd3-geo';
import fc from 'fast-check';
import { feature } from 'topojson-client';
import { describe, expect, it } from 'vitest';
import { MAP, project } from './projection.ts';

type Topology = Parameters<typeof feature>[0];

const WORLD_SVG = fileURLToPath(new URL('../console/static/world.svg', import.meta.url));
/** Everything south of it is ice, and no node. */
const SOUTHERNMOST = -60;

const projection = geoNaturalEarth1().scale(MAP.scale).translate([MAP.x, MAP.y]);

/** The land of the world, projected and rounded, as the one static file from which the map draws. */
async function worldSvg(): Promise<string> {
  const file = createRequire(import.meta.url).resolve('world-atlas/land-110m.json');
  const topology = JSON.parse(await readFile(file, 'utf8')) as Topology;
  const land = feature(topology, topology.objects['land']!);
  const [whole] = land.type === 'FeatureCollection' ? land.features : [land];
  if (whole?.geometry.type !== 'MultiPolygon') throw new Error('the land is expected as one multi-polygon');
  const coordinates = whole.geometry.coordinates.filter((polygon) =>
    polygon[0]!.some(([, latitude]) => latitude! > SOUTHERNMOST),
  );
  const path = geoPath(projection).digits(1)({ type: 'MultiPolygon', coordinates });
  if (path === null) throw new Error('the land has no outline');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${MAP.width} ${MAP.height}"><title>Land</title><path id="land" d="${stepwise(path)}"/></svg>\n`;
}

/** The same outline by steps from point to point, in tenths: a third shorter. */
function stepwise(path: string): string {
  const tenth = (value: number) => String(value / 10).replace(/^(-?)0\./, '$1.');
  return path
    .split(/(?<=Z)/)
    .map((ring) => {
      const points = [...ring.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(
        ([, x, y]) => [Math.round(Number(x) * 10), Math.round(Number(y) * 10)] as const,
      );
      const [first] = points;
      const steps = points.slice(1).map(([x, y], i) => [x - points[i]![0], y - points[i]![1]] as const);
      const moved = steps.filter(([x, y]) => x !== 0 || y !== 0);
      const line = moved.map(([x, y]) => `${tenth(x)}${y < 0 ? '' : ' '}${tenth(y)}`).join(' ');
      return `M${tenth(first![0])} ${tenth(first![1])}l${line.replaceAll(' -', '-')}z`;
    })
    .join('');
}

describe('the world map', () => {
  it('is what the atlas says: `vitest run -u` on this file writes it anew', async () => {
    await expect(await worldSvg()).toMatchFileSnapshot(WORLD_SVG);
  });

  it('is small', async () => {
    const bytes = await readFile(WORLD_SVG);
    expect(bytes.length).toBeLessThan(40_000);
    expect(gzipSync(bytes).length).toBeLessThan(14_000);
  });

  it('puts places where its outline was put', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -60, max: 90, noNaN: true }),
        fc.double({ min: -179.999, max: 179.999, noNaN: true }),
        (latitude, longitude) => {
          const [x, y] = projection([longitude, latitude])!;
          const ours = project({ latitude, longitude });
          expect(ours.x).toBeCloseTo(x, 6);
          expect(ours.y).toBeCloseTo(y, 6);
        },
      ),
    );
  });
});
