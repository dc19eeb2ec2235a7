import { describe, expect, it } from 'vitest';
import { CHARTS, type Health } from './health.ts';
import { HealthTab } from './health-tab.tsx';

const NOW = Date.UTC(2026, 10, 25, 18, 2);
const MINUTE = 60_000;

function health(...minutesAgo: number[]): Health {
  const points = minutesAgo.map((ago) => ({ at: NOW - ago * MINUTE, min: 0, avg: 0.5, max: 1, count: 1 }));
  const charts = CHARTS.map((spec) => ({ spec, points: spec.series === 'rtt' ? [] : points }));
  return { range: '24h', from: NOW - 24 * 60 * MINUTE, to: NOW, charts };
}

const html = (of: Health) => String(<HealthTab nodeId="n" health={of} />);

describe('HealthTab', () => {
  it('says of one point when there will be a line, and not of two', () => {
    expect(html(health(2))).toMatch(/One point so far, the mean of 5 min: .*about <time[^>]*>in 4 min/);
    expect(html(health(20))).toContain('lines begin with the second, shortly.');
    expect(html(health(7, 2))).not.toContain('One point');
    expect(html(health())).not.toContain('One point');
  });

  it('says of a series without a point that it has none in this time, not that it is never measured', () => {
    expect(html(health(7, 2))).toContain('no point in this time yet');
  });
});
