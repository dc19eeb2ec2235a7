import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  begun,
  choose,
  chooseProven,
  compares,
  ended,
  exhausted,
  failed,
  LIMITS,
  type Order,
  proven,
  silentAfterMs,
} from '#launcher/choice.ts';
import { FACTORY, FRESH_JOURNAL, type Journal, recordOf, withFailure } from '#launcher/journal.ts';
import type { Failure } from '#launcher/launched.ts';

type Behaviour = 'good' | 'crashes' | 'mute';

const ORDER: Order = ['new', 'before', 'oldest', FACTORY];
const failure = (slot: string, reason: Failure['reason']): Failure => ({
  slot,
  version: '1.0.0',
  reason,
  detail: 'seen',
  lines: ['last line'],
  at: 1,
  final: false,
});

/** A node over many starts: what its slots do, and whether the hub is there. */
class Node {
  journal: Journal = FRESH_JOURNAL;
  readonly does: Readonly<Record<string, Behaviour>>;
  hubUp = true;

  constructor(does: Partial<Record<string, Behaviour>>) {
    this.does = { new: 'good', before: 'good', oldest: 'good', [FACTORY]: 'good', ...does };
  }

  /** One start and how it ends. `cut`: the power goes before anything else. Returns what ran. */
  step(cut = false): string {
    if (exhausted(this.journal, LIMITS))
      this.journal = failed(ORDER, this.journal, failure(this.journal.running, 'crashed'));
    const id = choose(ORDER, this.journal);
    this.journal = begun(ORDER, this.journal, id);
    const behaviour = this.does[id]!;
    if (cut || behaviour === 'crashes') return id;
    if (behaviour === 'good' && this.hubUp) {
      this.journal = ended(proven(ORDER, { journal: this.journal, id, proof: 'session' }));
      return id;
    }
    const silent = silentAfterMs(ORDER, { journal: this.journal, id, limits: LIMITS });
    this.journal =
      silent === undefined ? ended(this.journal) : failed(ORDER, this.journal, failure(id, 'silent'));
    return id;
  }

  run(steps: number): string[] {
    return Array.from({ length: steps }, () => this.step());
  }
}

const behaviours = fc.record({
  new: fc.constantFrom<Behaviour>('good', 'crashes', 'mute'),
  before: fc.constantFrom<Behaviour>('good', 'crashes', 'mute'),
  oldest: fc.constantFrom<Behaviour>('good', 'crashes', 'mute'),
  [FACTORY]: fc.constantFrom<Behaviour>('good', 'crashes', 'mute'),
});
/** More starts than any order of failures takes to be sorted out. */
const ENOUGH = 60;

describe('the choice of a slot', () => {
  it('ends at the newest slot that works, whatever the others do, and stays there', () => {
    fc.assert(
      fc.property(behaviours, fc.nat({ max: 20 }), (does, outage) => {
        const node = new Node(does);
        node.hubUp = false;
        node.run(outage);
        node.hubUp = true;
        node.run(ENOUGH);
        const best = ORDER.find((id) => does[id as keyof typeof does] === 'good');
        if (best !== undefined) expect(new Set(node.run(10))).toEqual(new Set([best]));
      }),
    );
  });

  it('never judges a slot that works because of one outage', () => {
    fc.assert(
      fc.property(behaviours, fc.nat({ max: 30 }), (does, outage) => {
        const node = new Node(does);
        node.hubUp = false;
        node.run(outage);
        node.hubUp = true;
        node.run(ENOUGH);
        for (const id of ORDER)
          if (does[id as keyof typeof does] === 'good')
            expect(recordOf(node.journal, id)).toMatchObject({ final: false });
      }),
    );
  });

  it('F13 always finds something to run, through any order of failures, outages and power cuts', () => {
    const events = fc.array(fc.record({ cut: fc.boolean(), hubUp: fc.boolean() }), { maxLength: 80 });
    fc.assert(
      fc.property(behaviours, events, (does, happens) => {
        const node = new Node(does);
        for (const { cut, hubUp } of happens) {
          node.hubUp = hubUp;
          const ran = node.step(cut);
          expect(ORDER).toContain(ran);
          // What is final stays out, unless it is all that there is.
          if (recordOf(node.journal, ran).final) expect(ran).toBe(FACTORY);
        }
      }),
    );
  });

  it('F15 rolls back after three starts that ended before a proof, and says why', () => {
    const node = new Node({ new: 'crashes' });
    expect(node.run(4)).toEqual(['new', 'new', 'new', 'before']);
    expect(recordOf(node.journal, 'new')).toMatchObject({ verdict: 'crashed', final: true });
    expect(node.journal.failures).toEqual([{ ...failure('new', 'crashed'), final: true }]);
  });

  it('a slot that is silent is judged only once an older one had a session, twice', () => {
    const node = new Node({ new: 'mute' });
    expect(node.run(6)).toEqual(['new', 'before', 'new', 'before', 'before', 'before']);
    expect(recordOf(node.journal, 'new')).toMatchObject({ verdict: 'silent', final: true });
  });

  it('an unreachable hub never rolls back for good: the previous one is tried, then the newer returns', () => {
    const node = new Node({});
    node.run(1);
    // An update in an outage.
    node.journal = { ...node.journal, records: [{ ...recordOf(node.journal, 'new'), id: 'before' }] };
    node.hubUp = false;
    expect(node.run(6)).toEqual(['new', 'before', 'new', 'before', 'oldest', 'new']);
    const waits = recordOf(node.journal, 'new').rounds;
    expect(silentAfterMs(ORDER, { journal: node.journal, id: 'new', limits: LIMITS })).toBe(
      LIMITS.silentMs * 2 ** waits,
    );
    node.hubUp = true;
    expect(node.run(4)).toEqual(['before', 'new', 'new', 'new']);
  });

  it('F12 a lost network after the commit undoes nothing', () => {
    const node = new Node({});
    node.run(1);
    node.hubUp = false;
    expect(silentAfterMs(ORDER, { journal: node.journal, id: 'new', limits: LIMITS })).toBeUndefined();
    expect(new Set(node.run(50))).toEqual(new Set(['new']));
    expect(node.journal.failures).toEqual([]);
  });

  it('a commit without any network holds as well, and frees nobody who was silent', () => {
    const journal = begun(ORDER, FRESH_JOURNAL, 'new');
    const alone = proven(ORDER, { journal, id: 'new', proof: 'alone' });
    expect(recordOf(alone, 'new')).toMatchObject({ proven: true, boots: 0 });
    const silent = failed(ORDER, FRESH_JOURNAL, failure('new', 'silent'));
    const compared = proven(ORDER, { journal: begun(ORDER, silent, 'before'), id: 'before', proof: 'alone' });
    expect(recordOf(compared, 'new')).toMatchObject({ verdict: 'silent', final: false });
    expect(compares(ORDER, compared, 'before')).toBe(true);
  });

  it('a slot that has proven itself is given six starts, and gives way only to one that stays up', () => {
    const node = new Node({});
    node.run(1);
    const sick = new Node({ new: 'crashes', before: 'crashes', oldest: 'crashes', [FACTORY]: 'crashes' });
    sick.journal = node.journal;
    expect(sick.run(7)).toEqual([...Array(6).fill('new'), 'before']);
    sick.run(100);
    expect(sick.journal.records.filter(({ final }) => final)).toEqual([]);
  });

  it('where a start cannot be counted, takes only what has proven itself', () => {
    const node = new Node({ new: 'mute' });
    node.run(2);
    expect(chooseProven(ORDER, FRESH_JOURNAL)).toBe(FACTORY);
    expect(chooseProven(ORDER, node.journal)).toBe('before');
  });

  it('a start that ends as it was asked to counts for nothing', () => {
    let journal = FRESH_JOURNAL;
    for (let time = 0; time < 20; time += 1) journal = ended(begun(ORDER, journal, 'new'));
    expect(recordOf(journal, 'new').boots).toBe(0);
    expect(exhausted(journal, LIMITS)).toBe(false);
    expect(ended(journal)).toBe(journal);
  });

  it('F35 keeps fifty lines of a failure at most, and eight failures', () => {
    let journal = FRESH_JOURNAL;
    const lines = Array.from({ length: 80 }, (_, n) => `${n} ${'x'.repeat(3_000)}`);
    for (let n = 0; n < 12; n += 1) journal = withFailure(journal, { ...failure(`${n}`, 'spun'), lines });
    expect(journal.failures.map(({ slot }) => slot)).toEqual(['11', '10', '9', '8', '7', '6', '5', '4']);
    expect(journal.failures[0]!.lines).toHaveLength(50);
    expect(journal.failures[0]!.lines[0]).toHaveLength(2_000);
    expect(journal.failures[0]!.lines.at(-1)).toMatch(/^79 /);
  });
});
