import { fork } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLog, openEmbedded } from '@stoa/hub';
import { placeTemporary } from '@stoa/hub/seams/db-adapter/temporary';
import { type Course, runSchedule } from './schedule.ts';

export interface CampaignTotals {
  readonly schedules: number;
  /** Schedules in which points were lost, or doubled, or a day neither ended nor paged anybody. */
  readonly lost: number;
  readonly doubled: number;
  readonly stuck: number;
}

/**
 * Runs schedules one after another on a database of their own. It has one connection, so that a seed gives the same order of
 * statements each time, and a transaction that waits for another connection of its process is found out.
 */
export async function runSchedules(
  seeds: Iterable<number>,
  onCourse: (course: Course) => void,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'stoa-mint-'));
  await chmod(directory, 0o711);
  try {
    const dataDir = join(directory, 'db');
    await placeTemporary(dataDir);
    await using database = await openEmbedded({ dataDir, log: createLog({ level: 'error' }), poolSize: 1 });
    for (const seed of seeds) onCourse(await runSchedule(database, seed));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Seeds 1, 2, …, shared out to so many processes. @throws where one of them fails by itself */
export async function runCampaign(
  { schedules, jobs }: { schedules: number; jobs: number },
  onCourse: (course: Course) => void,
): Promise<CampaignTotals> {
  const totals = new Totals();
  const program = fileURLToPath(new URL('campaign-process.ts', import.meta.url));
  const shares = Array.from({ length: Math.min(jobs, schedules) }, (_, job) => {
    const child = fork(program, [String(job + 1), String(jobs), String(schedules)]);
    child.on('message', (course: Course) => {
      totals.add(course);
      onCourse(course);
    });
    return new Promise<void>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`a process of the campaign ended with ${code ?? signal}`));
      });
    });
  });
  await Promise.all(shares);
  return totals;
}

export class Totals implements CampaignTotals {
  schedules = 0;
  lost = 0;
  doubled = 0;
  stuck = 0;

  add({ verdict }: Course): void {
    this.schedules += 1;
    this.lost += Math.sign(verdict.lost.length);
    this.doubled += Math.sign(verdict.doubled.length);
    this.stuck += Math.sign(verdict.stuck.length);
  }
}

export function isHeld({ verdict: { lost, doubled, stuck } }: Course): boolean {
  return lost.length + doubled.length + stuck.length === 0;
}

/** For people. */
export function describeCourse(course: Course): string {
  const { seed, story, verdict, ticks, kills } = course;
  const { lost, doubled, stuck, paged } = verdict;
  const end = isHeld(course) ? (paged.length > 0 ? 'paged' : 'held ') : 'FAILS';
  const faults = Object.entries({ lost, doubled, stuck, paged }).flatMap(([kind, all]) =>
    all.map((each) => `\n    ${kind}: ${each.slice(0, 600)}`),
  );
  return `${end}  seed ${seed}, ${ticks} ticks, ${kills} kills: ${story.join(' | ')}${faults.join('')}`;
}
