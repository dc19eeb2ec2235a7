import { nodeCrypto } from '@stoa/protocol/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { GatePanel } from './panel.tsx';

const NODE = 'ab'.repeat(32);
const HOUR = 494_000;
const now = (HOUR * 60 + 20) * 60_000;

describe('the gates of a node, on its page', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let panel: GatePanel;
  beforeAll(async () => {
    database = await openTemporary();
    panel = new GatePanel({ sql: database.sql, crypto: nodeCrypto, clock: { now: () => now } });
  }, 60_000);
  afterAll(() => database.close());

  it('say which are closed, since when nobody looked, and how many minutes of the hour each cost', async () => {
    expect(String(await panel.render(NODE))).toContain('Not judged yet');
    await database.sql`insert into gate_states (node_id, minute, reasons, warm_minutes, off_minutes, credited_at, credited)
      values (${NODE}, ${HOUR * 60 + 18}, ${8 + 64}, 90, 0, 0, 0)`;
    const failures = new Uint8Array(56);
    failures[6 * 8 + 7] = 0b111;
    await database.sql`insert into gate_words (hub_hour, node_id, epoch, instance_id, session_id, judged, failures)
      values (${HOUR}, ${NODE}, 1, 'hub-1', 's', ${String(2 ** 19 - 1)}, ${failures})`;
    await database.sql`insert into uptime_words values (${HOUR}, ${NODE}, 1, ${String(2 ** 19 - 1)})`;
    const html = String(await panel.render(NODE));
    expect(html).toMatch(/4\. Warm-up<\/th><td class="warn">closed<\/td>.*90 min of 24 h so far/s);
    expect(html).toMatch(
      /7\. Reachable from outside<\/th><td class="warn">closed.*Nobody has looked yet.*<td class="num">3<\/td>/s,
    );
    expect(html).toMatch(/1\. Payout account<\/th><td>open/);
    await database.sql`insert into dial_backs (node_id, at, verdict, fingerprint, host, port, dialler, sealed)
      values (${NODE}, ${new Date(now - 60_000)}, 'other-certificate', 'f', '5.6.7.8', 1789, '', ${new Uint8Array(1)})`;
    expect(String(await panel.render(NODE))).toContain('another certificate than the agent reports');
  });
});
