import type { HubFacts } from '#fleet/index.ts';
import { absolute, bytes, duration, number, tenths } from '../console/format.ts';
import { Ago, Facts, Panel } from '../console/parts.tsx';
import { RequiredChainwebPanel, type RequiredChainwebView } from './required-chainweb.tsx';
import type { DatabaseFacts } from './store.ts';

export interface SystemView {
  readonly hub: HubFacts;
  readonly database: DatabaseFacts;
  readonly backupAt: number | undefined;
  readonly chainweb: RequiredChainwebView;
  readonly openPages: number;
  readonly runtime: string;
  readonly now: number;
}

const DAY_MS = 86_400_000;
/** A database that nobody copied for longer is as good as not backed up. */
const BACKUP_MS = 2 * DAY_MS;

/** The hub as a machine: what its admins look at before and after they change something. */
export function SystemPage({ view }: { view: SystemView }) {
  return (
    <>
      <header class="title">
        <h1>System</h1>
      </header>
      <div class="panels">
        <Process view={view} />
        <Database view={view} />
        <Certificate view={view} />
        <Backup view={view} />
        <RequiredChainwebPanel {...view.chainweb} />
      </div>
      <div class="below">
        <Settings view={view} />
      </div>
    </>
  );
}

function Process({ view: { hub, runtime, openPages, now } }: { view: SystemView }) {
  return (
    <Panel id="process" title="This hub" aside={<code>{hub.instanceId}</code>}>
      <Facts
        facts={[
          { name: 'Version', value: `${hub.version}, Node.js ${runtime}` },
          { name: 'Started', value: <Ago at={hub.startedAt} now={now} /> },
          { name: 'Region, network', value: `${hub.region}, ${hub.network}` },
          {
            name: 'Event loop',
            value: (
              <Judged
                good={hub.loopLagMs < 100}
              >{`${tenths(hub.loopLagMs)} ms late (99th percentile)`}</Judged>
            ),
          },
          { name: 'Memory', value: bytes(hub.rssBytes) },
          { name: 'Agents, open pages', value: `${number(hub.sessions)}, ${number(openPages)}` },
        ]}
      />
    </Panel>
  );
}

function Database({ view: { hub, database, now } }: { view: SystemView }) {
  const { connections, maxConnections } = database;
  return (
    <Panel
      id="database"
      title="Database"
      aside={hub.database === 'embedded' ? 'embedded, started by this hub' : 'by DATABASE_URL'}
    >
      <Facts
        facts={[
          { name: 'Server', value: `PostgreSQL ${database.version}` },
          { name: 'Size', value: bytes(database.bytes) },
          {
            name: 'Connections',
            value: (
              <Judged good={connections < maxConnections * 0.8}>
                {`${number(connections)} of ${number(maxConnections)}`}
              </Judged>
            ),
          },
          {
            name: 'Schema',
            value: (
              <>
                {number(database.migrations)} migrations
                {database.migratedAt !== undefined && (
                  <>
                    , the newest of <Ago at={database.migratedAt} now={now} />
                  </>
                )}
              </>
            ),
          },
        ]}
      />
    </Panel>
  );
}

function Certificate({ view: { hub, now } }: { view: SystemView }) {
  const left = hub.certificateNotAfter - now;
  return (
    <Panel id="certificate" title="Instance certificate">
      <Facts
        facts={[
          { name: 'Ends', value: absolute(hub.certificateNotAfter) },
          {
            name: 'Left',
            value: (
              <Judged good={left > DAY_MS}>
                {left > 0 ? duration(left) : 'ended: agents do not believe this hub'}
              </Judged>
            ),
          },
          { name: 'Renewal', value: 'by itself, while the signer answers' },
        ]}
      />
    </Panel>
  );
}

function Backup({ view: { backupAt, now } }: { view: SystemView }) {
  return (
    <Panel id="backup" title="Backup">
      {backupAt === undefined ? (
        <div class="stack">
          <p class="warn">None is recorded.</p>
          <p>On the hub's machine, database, vault and keys into one sealed file:</p>
          <pre tabindex={0}>
            <code>stoa-hub backup FILE</code>
          </pre>
        </div>
      ) : (
        <Facts
          facts={[
            {
              name: 'Newest',
              value: (
                <Judged good={now - backupAt < BACKUP_MS}>
                  <Ago at={backupAt} now={now} />
                </Judged>
              ),
            },
          ]}
        />
      )}
    </Panel>
  );
}

function Judged({ good, children }: { good: boolean; children?: unknown }) {
  return good ? <span>{children}</span> : <strong class="warn">{children}</strong>;
}

function Settings({ view: { hub } }: { view: SystemView }) {
  return (
    <Panel id="settings" title="Settings in force" aside="from the environment; secrets are not shown">
      <table>
        <caption class="away">Settings in force</caption>
        <thead>
          <tr>
            <th scope="col">Setting</th>
            <th scope="col">Value</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          {hub.settings.map(({ env, value, isDefault }) => (
            <tr>
              <th scope="row">
                <code>{env}</code>
              </th>
              <td class="breaking">{value}</td>
              <td>{isDefault ? <span class="unknown">default</span> : 'set'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
