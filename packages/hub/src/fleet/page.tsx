import {
  type Census,
  type Instant,
  judgedAt,
  lateAfterMs,
  listUrl,
  NEEDS_YOU,
  type NetworkHead,
  type NodeDetail,
  type OutdatedChainweb,
  offlineAfterMs,
  outdatedUrl,
  STATE_WORDS,
  STATES,
  type StateName,
  stateName,
  TOKEN_COMMAND,
} from '#nodes/index.ts';
import { duration, iso, number, percent, tenths } from '../console/format.ts';
import { Lamp } from '../console/lamp.ts';
import { Ago, Empty, Panel } from '../console/parts.tsx';
import type { Breakdown, Share } from './breakdown.ts';
import { Figures } from './figures.tsx';

export interface FleetView {
  readonly census: Census;
  readonly breakdown: Breakdown;
  /** Undefined: no version of chainweb-node is required. */
  readonly chainweb: OutdatedChainweb | undefined;
  /** Nodes that earn nothing for want of an account. */
  readonly unpaid: number;
  readonly heads: readonly NetworkHead[];
  readonly at: Instant;
}

export function FleetPage({ view }: { view: FleetView }) {
  return (
    <>
      <header class="title">
        <h1>Overview</h1>
        <Pulse view={view} />
      </header>
      <Frozen view={view} />
      <div class="fleet">
        <NeedsYou view={view} />
        <States view={view} />
        <Heads view={view} />
        <Events view={view} />
        <Versions view={view} />
      </div>
    </>
  );
}

/** The parts that a stream replaces, by key, which is also the id of the element. */
export const FLEET_PARTS = {
  pulse: Pulse,
  frozen: Frozen,
  needs: NeedsYou,
  states: States,
  heads: Heads,
  events: Events,
  versions: Versions,
} as const;

function Pulse({ view: { census, at } }: { view: FleetView }) {
  return (
    <Figures census={census} at={at} id="pulse">
      <span>
        <strong>{number(census.byState.online)}</strong> online
      </span>
    </Figures>
  );
}

/** Time stands: said where it would otherwise look like health. */
function Frozen({ view: { at } }: { view: FleetView }) {
  const judged = judgedAt(at);
  if (judged === at.now) return <div id="frozen" />;
  return (
    <div id="frozen" class="banner" role="status">
      <p>
        <strong>States stand still</strong> as of <Ago at={judged} now={at.now} />: the hub restarted a moment
        ago, or too many nodes fell silent at once for it to be their fault. Silence counts again when they
        are back.
      </p>
    </div>
  );
}

/** What a person does about each of the states that need one. */
const TO_DO: Readonly<Partial<Record<StateName, (at: Instant) => string>>> = {
  disputed: () => 'Two living processes share one identity: stop one, and settle which is the node.',
  quarantined: () => 'They may connect, and do not earn: take them back, or refuse them.',
  forked: () => 'On a branch that the network left: they return by themselves, or need a reseed.',
  offline: ({ intervalMs }) =>
    `Silent for ${duration(offlineAfterMs(intervalMs))} or longer: stoa-agent doctor on the node says what is in the way.`,
  behind: ({ intervalMs }) =>
    `Not at the tip for ${duration(lateAfterMs(intervalMs))} or longer: look at chainweb on the node, its disk and its peers.`,
};

/** The one thing to do next: on the node's own page where it is one node, else in the list of them. */
const ACTS: Readonly<Partial<Record<StateName, { word: string; tab: string }>>> = {
  disputed: { word: 'Settle which is the node', tab: '/session' },
  quarantined: { word: 'Take back or refuse', tab: '/access' },
  forked: { word: 'Compare its chains', tab: '/chains' },
  offline: { word: 'See what was heard last', tab: '/session' },
  behind: { word: 'Compare its chains', tab: '/chains' },
};

/** The instant that tells how bad it is, and what happened then: the one that the state's rule counts from. */
function lastGood({ facts }: NodeDetail, state: StateName): { word: string; at: number | undefined } {
  if (state === 'offline') return { word: 'heard', at: facts.lastSeen };
  if (state === 'behind' || state === 'forked') return { word: 'at the tip', at: facts.atTipAt };
  return { word: 'since', at: state === 'disputed' ? facts.disputedAt : facts.quarantinedAt };
}

function NeedsYou({ view: { breakdown, census, chainweb, unpaid, at } }: { view: FleetView }) {
  const states = NEEDS_YOU.filter((state) => census.byState[state] > 0);
  const total = states.reduce((sum, state) => sum + census.byState[state], 0);
  const outdated = chainweb !== undefined && chainweb.count > 0 ? chainweb : undefined;
  const named = Map.groupBy(breakdown.needs, ({ facts }) => stateName(facts, at));
  return (
    <Panel id="needs" title="Needs you" aside={total === 0 ? undefined : number(total)}>
      {total === 0 && outdated === undefined && unpaid === 0 ? (
        <AllWell census={census} />
      ) : (
        <ul class="needs">
          {states.map((state) => (
            <Need state={state} count={census.byState[state]} named={named.get(state) ?? []} at={at} />
          ))}
          {unpaid > 0 && <Unpaid count={unpaid} />}
          {outdated && <Outdated {...outdated} />}
        </ul>
      )}
    </Panel>
  );
}

interface NeedProps {
  readonly state: StateName;
  readonly count: number;
  readonly named: readonly NodeDetail[];
  readonly at: Instant;
}

function Need({ state, count, named, at }: NeedProps) {
  const act = ACTS[state];
  const [first] = named;
  return (
    <li>
      <a class="need-state" href={listUrl(`state:${state}`)}>
        <Lamp name={state} word={STATE_WORDS[state]} /> <span class="count">{number(count)}</span>
      </a>
      <p class="need-what">{TO_DO[state]?.(at)}</p>
      {act && first && (
        <a
          class="need-act"
          href={count === 1 ? `nodes/${first.nodeId}${act.tab}` : listUrl(`state:${state}`)}
          aria-label={`${count === 1 ? act.word : `Open ${number(count)}`}: ${STATE_WORDS[state]}`}
        >
          {count === 1 ? act.word : `Open ${number(count)}`}
        </a>
      )}
      <ul class="need-nodes">
        {named.map((node) => {
          const good = lastGood(node, state);
          return (
            <li>
              <a href={`nodes/${node.nodeId}`}>{node.label}</a>{' '}
              {good.at !== undefined && (
                <span class="need-since">
                  {good.word} <Ago at={good.at} now={at.now} />
                </span>
              )}
            </li>
          );
        })}
        {count > named.length && (
          <li>
            <a href={listUrl(`state:${state}`)}>{number(count - named.length)} more</a>
          </li>
        )}
      </ul>
    </li>
  );
}

const UNPAID = 'payout:none';

function Unpaid({ count }: { count: number }) {
  return (
    <li>
      <a class="need-state warn" href={listUrl(UNPAID)}>
        Unpaid <span class="count">{number(count)}</span>
      </a>
      <p class="need-what">
        {count === 1 ? 'It earns' : 'They earn'} nothing: nobody named an account to pay{' '}
        {count === 1 ? 'it' : 'them'} to, on the node or under Settings, Payout.
      </p>
      <a class="need-act" href="settings/payout">
        Name an account
      </a>
    </li>
  );
}

function Outdated({ required, count }: OutdatedChainweb) {
  const url = outdatedUrl(required);
  return (
    <li>
      <a class="need-state" href={url}>
        Old chainweb <span class="count">{number(count)}</span>
      </a>
      <p class="need-what">
        Nodes must run chainweb-node {required.version} by {iso(required.by).slice(0, 10)}: upgrade those that
        are older.
      </p>
      <a class="need-act" href={url} aria-label={`Open ${number(count)}: old chainweb`}>
        Open {number(count)}
      </a>
    </li>
  );
}

function AllWell({ census }: { census: Census }) {
  if (census.total > 0) return <p class="all-well">Nothing. No node waits for a person.</p>;
  return (
    <Empty title="No node has joined yet">
      <p>
        <a class="need-act" href="join">
          Add a node
        </a>
      </p>
      <p>or make a join token on the hub's machine, and run what it prints on the node:</p>
      <pre tabindex={0}>
        <code>{TOKEN_COMMAND}</code>
      </pre>
    </Empty>
  );
}

const STRIP = 1_000;

function States({ view: { census } }: { view: FleetView }) {
  const shown = STATES.filter((state) => census.byState[state] > 0);
  let x = 0;
  return (
    <Panel id="states" title="States">
      <svg class="state-strip" viewBox={`0 0 ${STRIP} 12`} preserveAspectRatio="none" aria-hidden="true">
        {shown.map((state) => {
          const width = (census.byState[state] / census.total) * STRIP;
          const rect = <rect x={x.toFixed(1)} width={width.toFixed(1)} height="12" class={`is-${state}`} />;
          x += width;
          return rect;
        })}
      </svg>
      <ul class="tally">
        {shown.map((state) => (
          <li>
            <a href={listUrl(`state:${state}`)}>
              <Lamp name={state} word={STATE_WORDS[state]} />
            </a>
            <span class="num">{number(census.byState[state])}</span>
            <span class="num part">{fine(census.byState[state] / census.total)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Small shares keep a digit: three offline nodes of a thousand are not none. */
function fine(share: number): string {
  return share < 0.1 ? `${tenths(share * 100)} %` : percent(share);
}

function Events({ view: { breakdown, at } }: { view: FleetView }) {
  return (
    <Panel id="events" title="Newest events">
      {breakdown.events.length === 0 ? (
        <p class="unknown">Nothing has happened yet.</p>
      ) : (
        <ol class="events">
          {breakdown.events.map((event) => (
            <li>
              <Ago at={event.at} now={at.now} />
              <span class="event-kind">{event.kind.replaceAll('-', ' ')}</span>
              <span class="event-detail">
                <a href={`nodes/${event.nodeId}/session`}>{event.label}</a>
              </span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

const BLOCK_MS = 30_000;

function Heads({ view: { heads, at } }: { view: FleetView }) {
  const slowest = heads.reduce<NetworkHead | undefined>(
    (old, head) => (old && old.at <= head.at ? old : head),
    undefined,
  );
  return (
    <Panel
      id="heads"
      title="Network head"
      aside={
        slowest && `chain ${slowest.chain} waits the longest; a block is due every ${BLOCK_MS / 1_000} s`
      }
    >
      {heads.length === 0 ? (
        <p class="unknown">
          No header is verified yet: nodes bring them, and each is checked from the pinned ones on.
        </p>
      ) : (
        <ol class="heads">
          {heads.map((head) => (
            <li class={`head-${headAge(at.now - head.at)}`}>
              <span class="head-chain">Chain {head.chain}</span>
              <span class="head-height">{number(head.height)}</span>
              <code title={head.hash}>{head.hash.slice(0, 8)}</code>
              <Ago at={head.at} now={at.now} />
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

function headAge(ms: number): 'fresh' | 'slow' | 'stalled' {
  if (ms < 4 * BLOCK_MS) return 'fresh';
  return ms < 10 * BLOCK_MS ? 'slow' : 'stalled';
}

function Versions({ view: { breakdown } }: { view: FleetView }) {
  return (
    <Panel id="versions" title="Versions and regions">
      <Shares caption="Agent version" shares={breakdown.versions} />
      <Shares caption="Region" shares={breakdown.regions} />
    </Panel>
  );
}

function Shares({ caption, shares }: { caption: string; shares: readonly Share[] }) {
  const most = shares.reduce((high, { count }) => Math.max(high, count), 1);
  return (
    <table class="shares">
      <caption>{caption}</caption>
      <tbody>
        {shares.map(({ name, count }) => (
          <tr>
            <th scope="row">{name}</th>
            <td class="shares-bar">
              <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                <rect width={((count / most) * 100).toFixed(1)} height="6" />
              </svg>
            </td>
            <td class="num">{number(count)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
