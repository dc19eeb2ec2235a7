import { describe, expect, it } from 'vitest';
import { Admission, type Ticket } from './admission.ts';

function admitted(ticket: Ticket): Extract<Ticket, { admitted: true }> {
  if (!ticket.admitted) throw new Error('expected to be admitted');
  return ticket;
}

function address(i: number): string {
  return `10.0.${i >> 8}.${i & 255}`;
}

describe('Admission', () => {
  it('lets as many in at once as it has places, and the next when one leaves', async () => {
    const admission = new Admission({ concurrent: 2, queued: 10, perAddress: 5 });
    const known = [1, 2, 3].map((i) => admitted(admission.enter(address(i), true)));
    expect(await known[0]!.ready).toBe(true);
    expect(admission.depth).toEqual({ active: 2, waiting: 1 });
    known[0]!.leave();
    expect(await known[2]!.ready).toBe(true);
  });

  it('keeps half of the places for known nodes, whatever strangers do', async () => {
    const admission = new Admission({ concurrent: 4, queued: 100, perAddress: 50 });
    for (let i = 0; i < 40; i += 1) admitted(admission.enter(address(i), false));
    expect(admission.depth).toEqual({ active: 2, waiting: 38 });
    const known = admitted(admission.enter(address(99), true));
    expect(await known.ready).toBe(true);
  });

  it('refuses once the queue is full or an address has its share, and counts an IPv6 /64 as one', () => {
    const admission = new Admission({ concurrent: 2, queued: 4, perAddress: 2 });
    admitted(admission.enter('2001:db8:1:2::1', true));
    admitted(admission.enter('2001:db8:1:2:ffff::9', true));
    expect(admission.enter('2001:db8:1:2::3', true).admitted).toBe(false);
    for (const i of [1, 2]) admitted(admission.enter(address(i), true));
    expect(admission.enter(address(3), true).admitted).toBe(false);
  });

  it('tells a waiter that left, and forgets its address', async () => {
    const admission = new Admission({ concurrent: 1, queued: 10, perAddress: 1 });
    const first = admitted(admission.enter(address(1), true));
    const second = admitted(admission.enter(address(2), true));
    second.leave();
    second.leave();
    expect(await second.ready).toBe(false);
    expect(admission.enter(address(2), true).admitted).toBe(true);
    first.leave();
    expect(admission.depth).toEqual({ active: 1, waiting: 0 });
  });
});
