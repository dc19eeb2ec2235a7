import { duration, number } from '../console/format.ts';
import { Lamp, type LampName } from '../console/lamp.ts';
import { Ago, Facts, Panel, Unknown } from '../console/parts.tsx';
import { LEAST } from './anonymity.ts';
import { INCIDENTS, type Incident } from './incidents.ts';
import type { Standing, Status } from './status.ts';

const LAMPS: Readonly<Record<Standing, { lamp: LampName; word: string; says: string }>> = {
  ok: { lamp: 'online', word: 'Works', says: 'Everything works' },
  degraded: { lamp: 'late', word: 'Degraded', says: 'Something is slow or behind' },
  down: { lamp: 'offline', word: 'Down', says: 'Something is down' },
};

/** Whether the hub itself works: the page to look at when all else says nothing. */
export function StatusPage({ status, region, now }: { status: Status; region: string; now: number }) {
  const { agents, incident } = status;
  return (
    <div class="public">
      <header class="title">
        <h1>{LAMPS[status.standing].says}</h1>
        <p class="pulse">
          <span>
            region {region}, checked <Ago at={status.at} now={now} />
          </span>
        </p>
      </header>
      <div class="status">
        <Panel id="components" title="Parts">
          <ul class="components">
            {status.components.map(({ name, standing, says }) => (
              <li>
                <span class="component-name">{name}</span>
                <Lamp name={LAMPS[standing].lamp} word={LAMPS[standing].word} />
                <span class="component-says">{says}</span>
              </li>
            ))}
          </ul>
        </Panel>
        <Panel id="figures" title="Figures">
          <Facts
            facts={[
              {
                name: 'Agents connected',
                value:
                  agents === undefined ? (
                    <Unknown why="the database can't be asked" />
                  ) : (
                    `${number(agents.told)}${agents.andMore ? `, and fewer than ${LEAST} in a region` : ''}`
                  ),
              },
              {
                name: 'Newest verified head',
                value:
                  status.headsAge === undefined ? (
                    <Unknown why="none yet" />
                  ) : (
                    `${duration(status.headsAge)} old`
                  ),
              },
              {
                name: 'Last incident',
                value: incident ? <Told incident={incident} now={now} /> : 'none known',
              },
            ]}
          />
        </Panel>
      </div>
      <p class="footnote">
        The same as JSON: ask this address with <code>Accept: application/json</code>.
      </p>
    </div>
  );
}

function Told({ incident, now }: { incident: Incident; now: number }) {
  const { kind, startedAt, endedAt } = incident;
  return (
    <>
      {INCIDENTS[kind]}, <Ago at={startedAt} now={now} />
      {endedAt === undefined ? ', and it lasts' : `, for ${duration(endedAt - startedAt)}`}
    </>
  );
}

export function statusJson({ standing, components, agents, headsAge, incident, at }: Status) {
  return {
    status: standing,
    components: components.map(({ name, standing: status, says }) => ({ name, status, says })),
    agents: agents === undefined ? null : { connected: agents.told, andMore: agents.andMore },
    headsAgeMs: headsAge ?? null,
    lastIncident:
      incident === undefined
        ? null
        : {
            kind: incident.kind,
            startedAt: new Date(incident.startedAt).toISOString(),
            endedAt: incident.endedAt === undefined ? null : new Date(incident.endedAt).toISOString(),
          },
    at: new Date(at).toISOString(),
  };
}
