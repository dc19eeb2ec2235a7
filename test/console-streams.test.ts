import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '@stoa/hub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleWorld, openConsoleWorld } from './kit/console-world.ts';

const STALLED = 40;
const ROWS = 50;
const KB = 1024;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What this process still holds, hub and test together. */
function heldBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Stands still until told: a minute of stall passes at once. */
class StandingClock implements Clock {
  #now = Date.now();
  readonly #due = new Set<{ at: number; task: () => void }>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, task: () => void): () => void {
    const entry = { at: this.#now + delayMs, task };
    this.#due.add(entry);
    return () => this.#due.delete(entry);
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const entry of [...this.#due])
      if (entry.at <= this.#now) {
        this.#due.delete(entry);
        entry.task();
      }
  }
}

describe('streams of open pages', () => {
  const clock = new StandingClock();
  let world: ConsoleWorld;
  let cookie: string;
  let nodeIds: string[];
  const sockets: Socket[] = [];

  beforeAll(async () => {
    world = await openConsoleWorld({ nodes: 60, clock });
    cookie = await world.signIn();
    const rows = await world.sql<
      { node_id: string }[]
    >`select node_id from nodes order by label limit ${ROWS}`;
    nodeIds = rows.map((row) => row.node_id);
  }, 60_000);
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await world.close();
  });

  async function openStream(): Promise<Socket> {
    const { hostname, port } = new URL(world.url);
    const socket = connect(Number(port), hostname);
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.write(
      `GET /events?row=${nodeIds.join(',')} HTTP/1.1\r\nhost: ${hostname}\r\ncookie: ${cookie}\r\naccept: text/event-stream\r\nconnection: close\r\n\r\n`,
    );
    const [head] = await once(socket, 'data');
    expect(String(head)).toContain('HTTP/1.1 200');
    return socket;
  }

  /** Changes every row, lets the tick come, and the patch go out. */
  async function round(value: number): Promise<void> {
    await world.sql`update node_status set load = ${value}, last_seen = ${new Date(clock.now())}`;
    world.bus.publish('nodes', { ids: nodeIds });
    clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }

  it('F26: readers that stall cost the hub little, end after a minute, and hold nobody up', async () => {
    const healthy = await openStream();
    let heard = '';
    healthy.on('data', (chunk) => {
      heard = `${heard}${chunk}`.slice(-200_000);
    });
    const stalled = await Promise.all(Array.from({ length: STALLED }, openStream));
    for (const socket of stalled) socket.pause();
    await round(0);
    const before = heldBytes();
    let highest = before;
    // The kernel's buffers take some megabytes of each reader before the hub notices.
    for (let i = 1; i < 400 && world.web.streams > 1; i += 1) {
      await round(i);
      if (i % 20 === 0) highest = Math.max(highest, heldBytes());
    }
    expect(world.web.streams).toBe(1);
    // Of each: 64 KiB of buffer, a message, chunks in both ends of the socket. Queued, it would have been 10 MB and more.
    expect((highest - before) / KB / STALLED).toBeLessThan(1_024);
    await round(9_999);
    await expect.poll(() => heard).toContain('9999.0');
  });

  it('ends every stream when the hub closes, and opens no more', async () => {
    const open = await openStream();
    world.web.close();
    await once(open, 'end');
    expect(world.web.streams).toBe(0);
    const answer = await fetch(`${world.url}/events?row=${nodeIds[0]}`, { headers: { cookie } });
    expect([answer.status, await answer.json()]).toEqual([
      503,
      expect.objectContaining({ code: 'too_many_streams' }),
    ]);
  });
});
