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
  reconsidered,
  silentAfterMs,
  stayedUp,
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
  /** Of the host: whatever runs ends with an error at once. */
  misset = false;

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
    if (cut || this.misset || behaviour === 'crashes') return id;
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

  it('F11 never judges a slot that works because of one time of trouble, whatever that was', () => {
    const trouble = fc.array(fc.constantFrom('cut', 'misset', 'away'), { maxLength: 60 });
    fc.assert(
      fc.property(behaviours, fc.boolean(), trouble, (does, committed, happens) => {
        const node = new Node(does);
        if (committed) node.run(ENOUGH);
        for (const what of happens) {
          node.hubUp = false;
          node.misset = what === 'misset';
          node.step(what === 'cut');
        }
        [node.hubUp, node.misset] = [true, false];
        node.run(ENOUGH);
        const good = ORDER.filter((id) => node.does[id] === 'good');
        const ran = new Set(node.run(10));
        expect(good.length === 0 || (ran.size === 1 && ran.has(good[0]!))).toBe(true);
        expect(good.filter((id) => recordOf(node.journal, id).final)).toEqual([]);
      }),
    );
  });

  it('never judges a slot that has proven itself, through any order of failures, and tries it when it is selected anew', () => {
    const events = fc.array(
      fc.record({ cut: fc.boolean(), hubUp: fc.boolean(), misset: fc.boolean(), crashes: fc.boolean() }),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(events, (happens) => {
        const node = new Node({});
        node.run(1);
        for (const { cut, hubUp, misset, crashes } of happens) {
          node.hubUp = hubUp;
          node.misset = misset || (crashes && choose(ORDER, node.journal) === 'new');
          node.step(cut);
        }
        expect(recordOf(node.journal, 'new').final).toBe(false);
        node.journal = reconsidered(ORDER, { journal: node.journal, selections: 1 });
        [node.hubUp, node.misset] = [true, false];
        expect(node.step()).toBe('new');
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

  it('F15 rolls back after three starts that ended before a proof, tries once more, and says why', () => {
    const node = new Node({ new: 'crashes' });
    const round = ['new', 'new', 'new', 'before'];
    expect(node.run(9)).toEqual([...round, ...round, 'before']);
    expect(recordOf(node.journal, 'new')).toMatchObject({ verdict: 'crashed', final: true });
    expect(node.journal.failures).toEqual([{ ...failure('new', 'crashed'), final: true }]);
  });

  it('a setting that was mended while an older slot ran costs nothing', () => {
    const node = new Node({});
    node.misset = true;
    node.run(3);
    node.misset = false;
    expect(node.run(4)).toEqual(['before', 'new', 'new', 'new']);
  });

  it('the older slot takes no work while it is open which of the two stays', () => {
    let journal = failed(ORDER, FRESH_JOURNAL, failure('new', 'crashed'));
    expect(compares(ORDER, journal, 'before')).toBe(true);
    // Nor is it silent while a hub is away: nothing is to be tried in its stead.
    journal = proven(ORDER, { journal, id: 'before', proof: 'alone' });
    expect(silentAfterMs(ORDER, { journal, id: 'before', limits: LIMITS })).toBeUndefined();
    journal = proven(ORDER, { journal, id: 'before', proof: 'session' });
    journal = failed(ORDER, journal, failure('new', 'crashed'));
    journal = proven(ORDER, { journal, id: 'before', proof: 'session' });
    expect(compares(ORDER, journal, 'before')).toBe(false);
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

  it('a slot that has proven itself is given six starts, and gives way only to one that has sessions', () => {
    const node = new Node({});
    node.run(1);
    const sick = new Node({ new: 'crashes' });
    sick.journal = node.journal;
    const round = [...Array(6).fill('new'), 'before'];
    expect(sick.run(16)).toEqual([...round, ...round, 'before', 'before']);
    const alike = new Node({ new: 'crashes', before: 'crashes', oldest: 'crashes', [FACTORY]: 'crashes' });
    alike.journal = node.journal;
    alike.run(100);
    expect([...sick.journal.records, ...alike.journal.records].filter(({ final }) => final)).toEqual([]);
  });

  it('F11 F12 power cuts and ends after a minute count for nothing once a slot has proven itself', () => {
    const node = new Node({});
    node.run(1);
    node.hubUp = false;
    for (let time = 0; time < 20; time += 1) {
      expect(node.step(true)).toBe('new');
      node.journal = stayedUp(node.journal, 'new');
    }
    expect(node.journal.failures).toEqual([]);
    const trial = begun(ORDER, FRESH_JOURNAL, 'new');
    expect(recordOf(stayedUp(trial, 'new'), 'new').boots).toBe(1);
  });

  it('what is selected anew is tried anew, whatever was found before', () => {
    const node = new Node({ new: 'mute' });
    node.run(6);
    expect(choose(ORDER, node.journal)).toBe('before');
    const journal = reconsidered(ORDER, { journal: node.journal, selections: 1 });
    expect(choose(ORDER, journal)).toBe('new');
    expect(journal.failures).toEqual([]);
    expect(reconsidered(ORDER, { journal, selections: 1 })).toBe(journal);
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
