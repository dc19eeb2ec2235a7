import { describe, expect, it } from 'vitest';
import { createLog, LogRing } from '#log.ts';
import { VirtualClock } from '#virtual-clock.ts';

function logTo(level: 'error' | 'warn' | 'info' | 'debug' = 'info') {
  const lines: string[] = [];
  const clock = new VirtualClock(Date.UTC(2026, 10, 25, 12));
  const ring = new LogRing();
  const log = createLog({ clock, level, write: (line) => lines.push(line), ring });
  return { log, clock, ring, lines, last: (): unknown => JSON.parse(lines.at(-1) ?? '') };
}

describe('the log', () => {
  it('writes one JSON object a line, with the fields of its parents', () => {
    const { log, last } = logTo();
    log.child({ instance: 'a' }).warn('link-lost', { code: 'http_reset', weight: 2n ** 70n });
    expect(last()).toEqual({
      time: '2026-11-25T12:00:00.000Z',
      level: 'warn',
      event: 'link-lost',
      instance: 'a',
      code: 'http_reset',
      weight: '1180591620717411303424',
    });
  });

  it('leaves out what is less severe than its level', () => {
    const { log, lines } = logTo('warn');
    log.error('e');
    log.warn('w');
    log.info('i');
    log.debug('d');
    expect(lines).toHaveLength(2);
  });

  it('shows no secret', () => {
    const { log, lines } = logTo();
    log.info('enrolling', { token: 'hunter2', hub: 'https://ada:hunter2@hub' });
    expect(lines.join()).not.toContain('hunter2');
  });

  it('F27 writes an equal line once in ten minutes, and then says how often it came', async () => {
    const { log, clock, lines, last } = logTo();
    for (let second = 0; second < 600; second += 10) {
      log.warn('link-lost', { code: 'http_refused' });
      await clock.advance(10_000);
    }
    expect(lines).toHaveLength(1);
    log.warn('link-lost', { code: 'http_refused' });
    expect(last()).toMatchObject({ event: 'link-lost', repeated: 59 });
  });

  it('F27 takes at most 50 MB in 48 hours, whatever happens', async () => {
    const { log, clock, lines } = logTo();
    let bytes = 0;
    for (let hour = 0; hour < 48; hour += 1) {
      for (let n = 0; n < 300; n += 1) log.error('flood', { hour, n, text: 'x'.repeat(2000) });
      bytes += lines.splice(0).reduce((sum, line) => sum + line.length + 1, 0);
      await clock.advance(3_600_000);
    }
    expect(bytes).toBeLessThan(50e6);
    log.info('calm');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ event: 'calm', dropped: expect.any(Number) });
  });

  it('keeps the last 200 lines at hand', () => {
    const { log, ring } = logTo();
    for (let n = 0; n < 250; n += 1) log.info('n', { n });
    expect(ring.lines()).toHaveLength(200);
    expect(JSON.parse(ring.lines()[0] ?? '')).toMatchObject({ n: 50 });
  });
});
