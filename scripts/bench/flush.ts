import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, openEmbedded } from '@stoa/hub';
import { type NodeStatusRow, StatusStore } from '@stoa/hub/gateway/status-store';
import { random } from '../../test/kit/wire-agent.ts';
import type { Bench } from './result.ts';
import { cpuOf, quantile, result, round } from './result.ts';

const ROWS_A_FLUSH = 2_000;

/**
 * Node states with ten tips written durably (fsync on) by the gateway's own flush, 2,000 rows a transaction as the gateway does, into a table
 * that holds them already. Default 50,000 nodes, 4 rounds; 200,000 and 10 under --long.
 */
export const benchFlush: Bench = async ({ long, say }) => {
  const [count, rounds] = long ? [200_000, 10] : [50_000, 4];
  const dataDir = await mkdtemp(join(tmpdir(), 'stoa-bench-'));
  const log = createLog({ level: 'error' });
  try {
    await using database = await openEmbedded({ dataDir, log });
    await database.migrate();
    const store = new StatusStore(database.sql);
    const rows = Array.from({ length: count }, (_, i) => row(i, 0));
    await writeAll(store, rows);
    say(`${count} node states stored; measuring ${rounds} rounds`);
    const rates: number[] = [];
    let cpuMs = 0;
    for (let round_ = 1; round_ <= rounds; round_ += 1) {
      const changed = rows.map((_, i) => row(i, round_));
      const started = performance.now();
      cpuMs += await cpuOf(() => writeAll(store, changed));
      rates.push(count / ((performance.now() - started) / 1000));
    }
    const value = Math.round(
      quantile(
        rates.toSorted((a, b) => a - b),
        0.5,
      ),
    );
    return result({
      bench: 'flush',
      value,
      unit: 'node states a second, durable',
      target: 25_000,
      better: 'higher',
      peer: null,
      detail: {
        rowsAFlush: ROWS_A_FLUSH,
        nodes: count,
        rates: rates.map((rate) => Math.round(rate)),
        rowsPerClientCpuSecond: Math.round((count * rounds) / (cpuMs / 1000)),
        microsPerRow: round((cpuMs * 1000) / (count * rounds)),
      },
    });
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
};

async function writeAll(store: StatusStore, rows: readonly NodeStatusRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS_A_FLUSH)
    await store.flush(rows.slice(from, from + ROWS_A_FLUSH));
}

function row(index: number, round: number): NodeStatusRow {
  return {
    nodeId: index.toString(16).padStart(64, '0'),
    epoch: 1n,
    lastSeen: 1_700_000_000_000 + round * 30_000,
    tips: random(400),
    cpu: 0.25,
    memory: 0.5,
    disk: 0.5,
    load: 1.1,
    diskFree: 2 ** 36,
    peers: 12,
    rttMs: 40,
    lag: 0,
    forked: false,
    chainweb: 'up',
    atTipAt: 1_700_000_000_000 + round * 30_000,
    skewMs: 3,
    natIdleS: 240,
  };
}
