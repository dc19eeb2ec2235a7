import { duration, number } from '../console/format.ts';
import { Ago, Empty, Facts, Panel, Unknown } from '../console/parts.tsx';
import type { Gauges, NodeEvent, SessionFacts } from './node-reader.ts';

export interface SessionTabProps {
  readonly session: SessionFacts | undefined;
  readonly gauges: Gauges | undefined;
  readonly events: readonly NodeEvent[];
  readonly now: number;
}

/** How the node reaches the hub, and what happened. */
export function SessionTab({ session, gauges, events, now }: SessionTabProps) {
  return (
    <div class="panels">
      {session === undefined ? (
        <Empty title="It has never had a session">
          <p>
            On the node: <code>stoa-agent doctor</code>
          </p>
        </Empty>
      ) : (
        <>
          <Channel session={session} gauges={gauges} now={now} />
          <Identity session={session} />
        </>
      )}
      <Events events={events} now={now} />
    </div>
  );
}

function Channel({
  session,
  gauges,
  now,
}: {
  session: SessionFacts;
  gauges: Gauges | undefined;
  now: number;
}) {
  return (
    <Panel id="channel" title="Channel">
      <Facts
        facts={[
          {
            name: session.endedAt === undefined ? 'Connected' : 'Ended',
            value: <Ago at={session.endedAt ?? session.connectedAt} now={now} />,
          },
          { name: 'Hub instance', value: <code>{session.instanceId}</code> },
          { name: 'Transport', value: session.transport },
          { name: 'From', value: <code>{session.address}</code> },
          {
            name: 'Round trip',
            value: gauges?.rttMs === undefined ? <Unknown /> : `${Math.round(gauges.rttMs)} ms`,
          },
          { name: 'Clock skew', value: gauges === undefined ? <Unknown /> : skew(gauges.skewMs) },
          { name: 'NAT idle time', value: natIdle(gauges) },
        ]}
      />
    </Panel>
  );
}

function Identity({ session }: { session: SessionFacts }) {
  return (
    <Panel id="session" title="Session">
      <Facts
        facts={[
          { name: 'Session', value: <code>{session.sessionId}</code> },
          { name: 'Epoch', value: number(Number(session.epoch & 0xffff_ffffn)) },
          { name: 'Restore generation', value: number(Number(session.epoch >> 32n)) },
          { name: 'Boot', value: <code>{session.bootId}</code> },
          {
            name: 'Boots before',
            value:
              session.previousBootIds.length === 0 ? (
                'none known'
              ) : (
                <code>{session.previousBootIds.join(' ')}</code>
              ),
          },
          { name: 'Agent version', value: session.version },
          { name: 'Protocol', value: number(session.protocol) },
        ]}
      />
    </Panel>
  );
}

function skew(ms: number): string {
  if (Math.abs(ms) < 1_000) return 'under a second';
  return `${duration(Math.abs(ms))} ${ms > 0 ? 'ahead of' : 'behind'} the hub; shown only, nothing is decided by it`;
}

function natIdle(gauges: Gauges | undefined) {
  if (gauges === undefined || gauges.natIdleS === 0) return <Unknown why="not measured yet" />;
  return `its NAT drops idle connections after ${gauges.natIdleS} s`;
}

function Events({ events, now }: { events: readonly NodeEvent[]; now: number }) {
  return (
    <Panel id="events" title="Events" aside={events.length === 0 ? undefined : 'newest first'}>
      {events.length === 0 ? (
        <p class="unknown">Nothing has happened yet.</p>
      ) : (
        <ol class="events">
          {events.map(({ at, kind, detail }) => (
            <li>
              <Ago at={at} now={now} />
              <span class="event-kind">{kind.replaceAll('-', ' ')}</span>
              <span class="event-detail">
                {Object.entries(detail)
                  .map(
                    ([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
                  )
                  .join(' · ')}
              </span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
