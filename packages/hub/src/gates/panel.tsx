import { type CryptoSuite, GATES } from '@stoa/protocol';
import { countMinutes, WARM_UP_MINUTES } from '@stoa/protocol/stoicism';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { duration } from '../console/format.ts';
import { Ago, Empty, Panel, Table } from '../console/parts.tsx';
import { HourReader } from './hour-reader.ts';
import type { NodeHour } from './node-hour.ts';
import { type NodeStanding, StandingStore } from './standing-store.ts';

type Gate = (typeof GATES)[number];

const MINUTE_MS = 60_000;
const HOUR_MINUTES = 60;

const WORDS: Readonly<
  Record<Gate, { readonly name: string; readonly open: string; readonly closed: string }>
> = {
  account: {
    name: 'Payout account',
    open: 'One resolves for the node.',
    closed: 'None resolves. Set one, on the node or on your profile; it counts from the next full hour on.',
  },
  benchmark: {
    name: 'Benchmark',
    open: 'It has a ServerScore above 0.',
    closed: 'It has no ServerScore. Run a benchmark: it counts from the next full hour on.',
  },
  tip: {
    name: 'At the tip',
    open: 'Every chain is within 3 blocks of the head.',
    closed: 'A chain is behind, on another branch or not known, or the last heartbeat is too old.',
  },
  'warm-up': {
    name: 'Warm-up',
    open: 'It was at the tip with peers for 24 hours.',
    closed: 'Earned points wait until it was at the tip with peers for 24 hours.',
  },
  commitment: {
    name: 'Committed disk',
    open: 'What is promised is free, and a twentieth more.',
    closed: 'Less is free than promised and a twentieth more. Free some, or promise less.',
  },
  argv: {
    name: 'Arguments of chainweb',
    open: 'It runs with the arguments that help the network.',
    closed: 'Some keep it from helping, or no process was seen: its Config tab shows them.',
  },
  serving: {
    name: 'Reachable from outside',
    open: 'A stranger reached its P2P port and saw its certificate.',
    closed: 'chainweb is down, or no stranger has reached its P2P port lately.',
  },
};

const VERDICTS: Readonly<Record<string, string>> = {
  answered: 'it answered',
  'not-chainweb': 'something else answered',
  unreachable: 'nobody answered',
  'other-certificate': 'it showed another certificate than the agent reports',
  'shared-certificate': 'another node had the same certificate first',
  'crowded-address': 'as many nodes as the region allows answer at its address already',
};

/** A node's seven gates as they stand, for its Health tab. */
export class GatePanel {
  readonly #standings: StandingStore;
  readonly #hours: HourReader;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { sql: Sql; crypto: Pick<CryptoSuite, 'hash'>; clock: Pick<Clock, 'now'> }) {
    this.#standings = new StandingStore(by.sql);
    this.#hours = new HourReader(by);
    this.#clock = by.clock;
  }

  async render(nodeId: string) {
    const now = this.#clock.now();
    const hubHour = Math.floor(now / (HOUR_MINUTES * MINUTE_MS));
    const [standing, hours] = await Promise.all([
      this.#standings.of(nodeId),
      this.#hours.soFar(hubHour, [nodeId]),
    ]);
    return <Gates standing={standing} hour={hours[0]} now={now} />;
  }
}

function Gates(by: { standing: NodeStanding | undefined; hour: NodeHour | undefined; now: number }) {
  const { standing, hour, now } = by;
  if (standing === undefined)
    return (
      <Panel id="gates" title="The seven gates">
        <Empty title="Not judged yet">
          <p>
            The hub judges a node every minute while it is connected. On the host,{' '}
            <code>stoa-agent status</code> says whether it is.
          </p>
        </Empty>
      </Panel>
    );
  const judgedAt = (standing.minute + 1) * MINUTE_MS;
  return (
    <Panel
      id="gates"
      title="The seven gates"
      aside={
        <>
          judged <Ago at={judgedAt} now={now} />
        </>
      }
    >
      <Table
        caption="What stands between this node and its points"
        columns={['Gate', 'Now', 'Why', { word: 'Minutes failed this hour', num: true }]}
      >
        {GATES.map((gate, i) => {
          const isOpen = (standing.reasons & (1 << i)) === 0;
          const failed = countMinutes(hour?.failures[i] ?? 0n);
          return (
            <tr>
              <th scope="row">
                {i + 1}. {WORDS[gate].name}
              </th>
              <td class={isOpen ? undefined : 'warn'}>{isOpen ? 'open' : 'closed'}</td>
              <td class="gate-why">
                {isOpen ? WORDS[gate].open : WORDS[gate].closed}{' '}
                <More gate={gate} standing={standing} now={now} />
              </td>
              <td class="num">{failed === 0 ? '–' : failed}</td>
            </tr>
          );
        })}
      </Table>
    </Panel>
  );
}

function More({ gate, standing, now }: { gate: Gate; standing: NodeStanding; now: number }) {
  const { warmMinutes, dialBack } = standing;
  if (gate === 'warm-up' && warmMinutes < WARM_UP_MINUTES)
    return (
      <>
        {duration(warmMinutes * MINUTE_MS)} of {duration(WARM_UP_MINUTES * MINUTE_MS)} so far.
      </>
    );
  if (gate !== 'serving') return '';
  return dialBack === undefined ? (
    <>Nobody has looked yet.</>
  ) : (
    <>
      Last looked at <Ago at={dialBack.at.getTime()} now={now} />:{' '}
      {VERDICTS[dialBack.verdict] ?? dialBack.verdict}.
    </>
  );
}
