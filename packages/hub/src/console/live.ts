import type { MiddlewareHandler } from 'hono';
import type { Bus } from '../bus.ts';
import type { Clock } from '../clock.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { Log } from '../log.ts';
import { type Viewer, viewerOf } from '../viewer.ts';
import { type LiveLog, LogTopic, type Reader } from './live-log.ts';
import { LiveStream } from './live-stream.ts';
import { href, withBase } from './scope.ts';

const TICK_MS = 1_000;
/** How long a round waits for all of its sources, to tell each page once. */
const JOIN_MS = 250;
const MAX_STREAMS = 5_000;
/** Of one account: nobody takes the room of all others by a script. */
const STREAMS_AN_ACCOUNT = 100;
const MAX_KEYS = 200;

/**
 * Something that pages watch by key. It is asked once a tick for all pages together, never while it still answers, and
 * never while nobody watches.
 */
export interface LiveSource {
  readonly name: string;
  /**
   * The keys that the viewer may watch, of those the page asks for, as the source calls them: what several viewers see
   * alike has one key for all of them.
   */
  admit(viewer: Viewer, asked: readonly string[]): readonly string[] | Promise<readonly string[]>;
  /**
   * The htmx partials of those watched keys that changed since the last call, and in any case of the wanted ones (a
   * subset: new pages know nothing of them yet). Each is rendered once, for however many pages: links in it are relative.
   */
  changes(watched: ReadonlySet<string>, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, string>>;
}

/** A partial that takes the place of the element with this id, keeping what is open or focused in it. */
export function partial(id: string, html: string): string {
  return `<hx-partial hx-target="#${id}" hx-swap="outerMorph">${html}</hx-partial>`;
}

/** The address of a page's one stream: keys by source. */
export function liveUrl(watch: Readonly<Record<string, readonly string[]>>): string {
  const query = Object.entries(watch)
    .filter(([, keys]) => keys.length > 0)
    .map(([source, keys]) => `${source}=${keys.map(escapedKey).join(',')}`);
  return href(`/events?${query.join('&')}`);
}

/** Most keys are node ids, fifty on a page: looking whether there is anything to escape takes a fifth of escaping. */
const PLAIN = /^\w*$/;

function escapedKey(key: string): string {
  return PLAIN.test(key) ? key : encodeURIComponent(key);
}

/** Who watches a key. */
interface Watcher {
  readonly streams: Set<LiveStream>;
  fragment: string | undefined;
  /** The fragment but for its ages. */
  lasting: string | undefined;
}

/** A source with who watches what of it. */
class Topic {
  readonly source: LiveSource;
  readonly keys = new Set<string>();
  /** Keys without a fragment yet. */
  readonly wanted = new Set<string>();
  #underWay = false;
  readonly #watchers = new Map<string, Watcher>();

  constructor(source: LiveSource) {
    this.source = source;
  }

  watch(key: string, stream: LiveStream): void {
    let watcher = this.#watchers.get(key);
    if (watcher === undefined) {
      watcher = { streams: new Set(), fragment: undefined, lasting: undefined };
      this.#watchers.set(key, watcher);
      this.keys.add(key);
      this.wanted.add(key);
    }
    watcher.streams.add(stream);
  }

  unwatch(key: string, stream: LiveStream): void {
    const watcher = this.#watchers.get(key);
    watcher?.streams.delete(stream);
    if (watcher?.streams.size !== 0) return;
    this.#watchers.delete(key);
    this.keys.delete(key);
    this.wanted.delete(key);
  }

  fragment(key: string): string | undefined {
    return this.#watchers.get(key)?.fragment;
  }

  /** Marks what changed at each stream that watches it. While a round is under way another is left out. */
  async refresh(): Promise<void> {
    if (this.keys.size === 0 || this.#underWay) return;
    this.#underWay = true;
    try {
      await this.#round();
    } finally {
      this.#underWay = false;
    }
  }

  async #round(): Promise<void> {
    const wanted = new Set(this.wanted);
    const changes = await this.source.changes(this.keys, wanted);
    // What a page has come to watch meanwhile is wanted in the next round.
    for (const key of wanted) this.wanted.delete(key);
    for (const [key, html] of changes) {
      const watcher = this.#watchers.get(key);
      if (watcher === undefined) continue;
      // An age that grew is no change: the browser keeps ages true by itself.
      const lasting = withoutAges(html);
      if (lasting === watcher.lasting) continue;
      watcher.fragment = html;
      watcher.lasting = lasting;
      for (const stream of watcher.streams) stream.mark(this, key);
    }
  }
}

function withoutAges(html: string): string {
  return html.replaceAll(/(<time[^>]*>)[^<]*/g, '$1');
}

/**
 * The streams of all open pages over one shared tick. A stream opens with the current state of everything it names, so
 * nothing is lost between the page and its stream, nor while a page was in the background.
 */
export class Live implements HttpFeature {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #guard: MiddlewareHandler<HttpEnv>;
  readonly #topics: ReadonlyMap<string, Topic>;
  readonly #logs: ReadonlyMap<string, LogTopic>;
  readonly #streams = new Map<LiveStream, Opened>();
  #cancelTick: (() => void) | undefined;
  #closed = false;
  /** How often somebody lost rights. */
  #losses = 0;

  constructor(by: {
    clock: Clock;
    log: Log;
    guard: MiddlewareHandler<HttpEnv>;
    sources: readonly LiveSource[];
    logs?: readonly LiveLog[];
    bus: Bus;
  }) {
    this.#clock = by.clock;
    this.#log = by.log;
    this.#guard = by.guard;
    by.bus.subscribe('rights', ({ account }) => this.#endOf(account));
    this.#topics = new Map(by.sources.map((source) => [source.name, new Topic(source)]));
    this.#logs = new Map((by.logs ?? []).map((log) => [log.name, new LogTopic(log)]));
  }

  get size(): number {
    return this.#streams.size;
  }

  mount(app: HubApp): void {
    app.get('/events', this.#guard, async (c) => {
      const losses = this.#losses;
      const watched = { targets: await this.#targets(c), followed: this.#followed(c) };
      // Somebody lost rights while it was judged: the page is back in a second, and judged again.
      return this.#open(c, watched, this.#losses !== losses);
    });
  }

  /** Ends every stream; pages try again until the hub is back. */
  close(): void {
    this.#closed = true;
    this.#cancelTick?.();
    for (const stream of [...this.#streams.keys()]) stream.close();
  }

  /**
   * One round: what changed is rendered once and offered to each stream that watches it. A source that takes long holds up
   * no other: what it has goes with the round that finds it ready.
   */
  async tick(): Promise<void> {
    const topics = [...this.#topics, ...this.#logs];
    const rounds = topics.map(([name, topic]) => this.#refresh(name, topic));
    await this.#within(JOIN_MS, Promise.all(rounds));
    const now = this.#clock.now();
    for (const stream of [...this.#streams.keys()]) stream.flush(now);
  }

  #open(c: HubContext, { targets, followed }: Watched, again: boolean): Response {
    const viewer = viewerOf(c);
    if (
      this.#closed ||
      this.#streams.size >= MAX_STREAMS ||
      this.#opened(viewer.accountId) >= STREAMS_AN_ACCOUNT
    )
      throw new HttpError(503, 'too_many_streams', 'The hub has no room for another live page.', {
        fix: 'The page works without; reload it to see what is new.',
        retry: true,
      });
    const stream = new LiveStream({ now: this.#clock.now(), onEnd: (ended) => this.#forget(ended) });
    this.#streams.set(stream, { targets, followed, viewer });
    followed?.topic.follow(stream, followed.reader);
    for (const { topic, key } of targets) {
      topic.watch(key, stream);
      stream.mark(topic, key);
    }
    this.#schedule();
    if (again) stream.close();
    return c.body(stream.body, 200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
  }

  /** A page that may go on is back in a second, with what it may watch now. */
  #endOf(account: string | undefined): void {
    this.#losses += 1;
    for (const [stream, { viewer }] of [...this.#streams])
      if (account === undefined || account === viewer.accountId || account === viewer.email) stream.close();
  }

  #opened(accountId: string): number {
    let count = 0;
    for (const { viewer } of this.#streams.values()) if (viewer.accountId === accountId) count += 1;
    return count;
  }

  async #targets(c: HubContext): Promise<Target[]> {
    const asked = [...new URL(c.req.url).searchParams].flatMap(([name, keys]) => {
      const topic = this.#topics.get(name);
      return topic === undefined ? [] : [{ topic, keys: [...new Set(keys.split(','))] }];
    });
    const count = asked.reduce((sum, { keys }) => sum + keys.length, 0);
    if (count === 0 || count > MAX_KEYS)
      throw new HttpError(400, 'bad_watch', `A stream watches 1 to ${MAX_KEYS} things, not ${count}.`, {
        fix: 'Reload the page.',
      });
    const viewer = viewerOf(c);
    const admitted = asked.map(async ({ topic, keys }) =>
      (await topic.source.admit(viewer, keys)).map((key) => ({ topic, key })),
    );
    const targets = (await Promise.all(admitted)).flat();
    if (targets.length === 0) throw notFound('What this page watches');
    return targets;
  }

  /** The log that the page follows, from where its stream broke off, else from what it was rendered with. */
  #followed(c: HubContext): Followed | undefined {
    const last = c.req.header('last-event-id');
    for (const [name, place] of new URL(c.req.url).searchParams) {
      const topic = this.#logs.get(name);
      const reader = topic?.log.admit(viewerOf(c), last || place);
      if (topic !== undefined && reader !== undefined) return { topic, reader };
    }
    return undefined;
  }

  #forget(stream: LiveStream): void {
    const opened = this.#streams.get(stream);
    opened?.followed?.topic.unfollow(stream);
    for (const { topic, key } of opened?.targets ?? []) topic.unwatch(key, stream);
    this.#streams.delete(stream);
  }

  #schedule(): void {
    this.#cancelTick ??= this.#clock.after(TICK_MS, () => {
      // The timer was set while a request was answered, and renders for all of them.
      void withBase('', () => this.tick()).finally(() => {
        this.#cancelTick = undefined;
        if (this.#streams.size > 0 && !this.#closed) this.#schedule();
      });
    });
  }

  /** Resolves with the work, or after so long. */
  #within(ms: number, work: Promise<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(ms, resolve);
      work.finally(cancel).then(() => resolve(), reject);
    });
  }

  async #refresh(source: string, topic: Pick<Topic, 'refresh'>): Promise<void> {
    try {
      await topic.refresh();
    } catch (error) {
      // Pages keep what they show; the next tick asks again.
      this.#log.warn({ source, err: error }, 'live pages could not be refreshed');
    }
  }
}

interface Target {
  readonly topic: Topic;
  readonly key: string;
}

interface Followed {
  readonly topic: LogTopic;
  readonly reader: Reader;
}

interface Watched {
  readonly targets: readonly Target[];
  /** One log a page: its place is the id of the stream's messages. */
  readonly followed: Followed | undefined;
}

interface Opened extends Watched {
  readonly viewer: Viewer;
}
