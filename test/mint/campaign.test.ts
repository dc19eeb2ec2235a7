import { describe, expect, it } from 'vitest';
import { describeCourse, isHeld, runSchedules } from './campaign.ts';
import type { Course } from './schedule.ts';

/** `pnpm faults mint` runs a thousand. */
const SEEDS = Array.from({ length: 5 }, (_, i) => i + 1);

describe('the mint, whatever goes wrong', () => {
  it('applies each point once, redeems what is applied, and ends each day or pages a person', async () => {
    const courses: Course[] = [];
    await runSchedules(SEEDS, (course) => courses.push(course));
    expect(courses.filter((course) => !isHeld(course)).map(describeCourse)).toEqual([]);
    expect(courses.reduce((sum, { kills }) => sum + kills, 0)).toBeGreaterThan(SEEDS.length);
  });
});
