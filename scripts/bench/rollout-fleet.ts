import {
  begun,
  type Comparison,
  type Course,
  decide,
  FEWEST_VOLUNTEERS,
  hashRing,
  LAST_CANARY_RING,
  LOOK_MS,
  LOOKS,
  MEASURES,
  mostAtOnce,
  OWN_RING,
  type OwnerVoice,
  type RingCounts,
  ringsJudged,
  setAside,
  type Tally,
  tallyOf,
  VOLUNTEER_RING,
  withinLimits,
} from '@stoa/hub/rollouts/plan';

const MINUTE_MS = 60_000;

/** What a release does to nodes, as chances. */
export interface Behaviour {
  /** Of each look at a node: at the swap, and after each half hour of its youth. */
  readonly everyLook: number;
  /** Of hosts that can't run it: they fail at the swap, always. */
  readonly ofHosts: number;
  /** Of each look, by whatever the release: power cuts, disks, cables. */
  readonly noise: number;
  /** Added to the memory of nodes that run it, as a share of the host. */
  readonly memory: number;
}

export interface FleetOptions {
  readonly nodes: number;
  readonly owners: number;
  readonly own: number;
  readonly volunteers: number;
  /** Owners that lie: `fail` says that all of their nodes failed, `praise` that all went well. */
  readonly liars: { readonly count: number; readonly say: 'fail' | 'praise' };
  readonly random: () => number;
}

export interface Outcome {
  readonly state: Course['state'];
  /** In which it ended. */
  readonly ring: number;
  /** Nodes that were given the release. */
  readonly touched: number;
  readonly reason: string;
  readonly hours: number;
}

interface Node {
  readonly nodeId: string;
  readonly owner: string;
  readonly site: string;
  readonly ring: number;
  readonly liar: boolean;
  readonly brokenHost: boolean;
  state: 'waiting' | 'flying' | 'confirmed' | 'failed';
  /** When it answers. */
  due: number;
  confirmedAt: number;
  looks: number;
}

/** The real planner over a fleet of dice, minute by minute of a virtual clock. */
export class RolloutFleet {
  readonly #nodes: readonly Node[];
  readonly #byOwner = new Map<string, Node[]>();
  readonly #options: FleetOptions;
  readonly #release: Behaviour;
  #now = 0;

  constructor(options: FleetOptions, release: Behaviour) {
    this.#options = options;
    this.#release = release;
    this.#nodes = draw(options, release);
    for (const node of this.#nodes) {
      const mine = this.#byOwner.get(node.owner);
      if (mine === undefined) this.#byOwner.set(node.owner, [node]);
      else mine.push(node);
    }
  }

  run(): Outcome {
    let course = begun(this.#now);
    const started: { at: number; count: number }[] = [];
    for (;;) {
      this.#answer();
      const { from, to } = ringsJudged(course.ring);
      const tally = this.#tally(from, to);
      const aside = new Set(
        setAside({ ring: course.ring, tally, all: (owner) => this.#byOwner.get(owner)?.length ?? 0 }),
      );
      const counts = this.#counts(from, to, aside);
      while (started[0] !== undefined && started[0].at <= this.#now - MINUTE_MS) started.shift();
      const decision = decide(course, {
        now: this.#now,
        counts,
        tally,
        comparisons: course.soakSince === undefined ? [] : this.#comparisons(),
        hurry: 1,
        successes: this.#count('confirmed'),
        started: started.reduce((sum, { count }) => sum + count, 0),
        pausedAll: false,
        security: false,
      });
      course = decision.course;
      if (course.state !== 'running') return this.#outcome(course);
      const count = this.#start(course.ring, decision.start, aside);
      if (count > 0) started.push({ at: this.#now, count });
      const busy = counts.waiting > 0 || counts.flying > 0 || count > 0;
      this.#now += busy ? MINUTE_MS : LOOK_MS;
    }
  }

  #start(ring: number, most: number, aside: ReadonlySet<string>): number {
    const candidates = this.#nodes.filter(
      (node) => node.state === 'waiting' && node.ring <= ring && !aside.has(node.owner),
    );
    if (candidates.length === 0 || most === 0) return 0;
    const chosen = withinLimits(candidates, { most, owners: this.#rooms(), sites: new Map() });
    for (const node of chosen) {
      node.state = 'flying';
      node.due = this.#now + (1 + 3 * this.#options.random()) * MINUTE_MS;
    }
    return chosen.length;
  }

  #rooms(): Map<string, number> {
    const rooms = new Map<string, number>();
    for (const [owner, mine] of this.#byOwner)
      rooms.set(owner, mostAtOnce(mine.length) - mine.filter(({ state }) => state === 'flying').length);
    return rooms;
  }

  #answer(): void {
    for (const node of this.#nodes) {
      if (node.state === 'flying' && node.due <= this.#now) {
        node.looks = 1;
        if (this.#fails(node)) node.state = 'failed';
        else {
          node.state = 'confirmed';
          node.confirmedAt = this.#now;
        }
      }
      while (
        node.state === 'confirmed' &&
        node.looks < LOOKS &&
        this.#now >= node.confirmedAt + node.looks * LOOK_MS
      ) {
        node.looks += 1;
        if (this.#fails(node)) node.state = 'failed';
      }
    }
  }

  #fails(node: Node): boolean {
    if (node.liar) return this.#options.liars.say === 'fail';
    const { random } = this.#options;
    if (node.looks === 1 && node.brokenHost) return true;
    return random() < this.#release.noise + this.#release.everyLook;
  }

  #tally(from: number, to: number): Tally {
    const clean = { owners: 0, looks: 0 };
    const failing: OwnerVoice[] = [];
    let ownFailed = 0;
    for (const [owner, mine] of this.#byOwner) {
      const seen = mine.filter(({ ring, looks }) => ring >= from && ring <= to && looks > 0);
      if (seen.length === 0) continue;
      const failed = seen.filter(({ state }) => state === 'failed');
      ownFailed += failed.filter(({ ring }) => ring === OWN_RING).length;
      const looks = seen.reduce((sum, one) => sum + one.looks, 0);
      const swapFailed = failed.filter((one) => one.looks === 1).length;
      if (failed.length > 0)
        failing.push({ owner, nodes: seen.length, failed: failed.length, swapFailed, looks });
      else {
        clean.owners += 1;
        clean.looks += looks / seen.length;
      }
    }
    return tallyOf({ clean, failing, ownFailed });
  }

  #counts(from: number, to: number, aside: ReadonlySet<string>): RingCounts {
    const counts = { waiting: 0, flying: 0, confirmed: 0, heard: 0, failed: 0 };
    for (const { state, ring, owner } of this.#nodes) {
      if (ring < from || ring > to || aside.has(owner)) continue;
      counts[state] += 1;
      if (state === 'confirmed') counts.heard += 1;
    }
    return counts;
  }

  #count(state: Node['state']): number {
    return this.#nodes.reduce((count, node) => count + (node.state === state ? 1 : 0), 0);
  }

  /** Each owner's mean of a measure is normal around the fleet's: as large a spread as seen between hosts. */
  #comparisons(): Comparison[] {
    const updated = new Set<string>();
    const control = new Set<string>();
    for (const { owner, state } of this.#nodes) {
      if (state === 'confirmed') updated.add(owner);
      if (state === 'waiting') control.add(owner);
    }
    const group = (owners: number, mean: number) => ({
      owners,
      mean: mean + (normal(this.#options.random) * SPREAD) / Math.sqrt(Math.max(1, owners)),
      variance: SPREAD ** 2,
    });
    return MEASURES.map(({ name }) => ({
      measure: name,
      updated: group(updated.size, MEAN + (name === 'memory' ? this.#release.memory : 0)),
      control: group(control.size, MEAN),
    }));
  }

  #outcome({ state, ring, reason }: Course): Outcome {
    const touched = this.#nodes.filter((node) => node.state !== 'waiting').length;
    return { state, ring, touched, reason, hours: this.#now / 3_600_000 };
  }
}

const MEAN = 0.4;
const SPREAD = 0.1;

function draw(options: FleetOptions, release: Behaviour): Node[] {
  const { random, owners, own } = options;
  const early = Math.max(FEWEST_VOLUNTEERS, options.volunteers);
  return Array.from({ length: options.nodes }, (_, index) => {
    const place = index % owners;
    const turn = Math.floor(index / owners);
    // Owner 0 is ours. Volunteers are vetted owners, one node each; liars are among the rest.
    const ours = place === 0 && turn < own;
    const volunteer = turn === 0 && place > 0 && place <= early;
    const liar = place >= owners - options.liars.count;
    return {
      nodeId: String(index),
      owner: `owner-${place}`,
      site: '',
      ring: ours ? OWN_RING : volunteer ? VOLUNTEER_RING : Math.max(LAST_CANARY_RING, hashRing(random())),
      liar,
      brokenHost: random() < release.ofHosts,
      state: 'waiting',
      due: 0,
      confirmedAt: 0,
      looks: 0,
    };
  });
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
