import { absolute, number } from '../console/format.ts';
import { Ago, Empty, type Fact, Facts, Panel, Table, Unknown } from '../console/parts.tsx';
import type { Description } from './node-reader.ts';

/** What the node says it runs, and how. */
export function ConfigTab({ description, now }: { description: Description | undefined; now: number }) {
  if (description === undefined)
    return (
      <Empty title="The node has not described itself yet">
        <p>Its agent sends arguments, versions and host facts at the start of each session.</p>
      </Empty>
    );
  return (
    <div class="panels">
      <Arguments argv={description.argv} />
      <div class="stack">
        <Panel
          id="versions"
          title="Versions and supervision"
          aside={<Described at={description.describedAt} now={now} />}
        >
          <Facts
            facts={[
              { name: 'Agent', value: description.agentVersion },
              { name: 'chainweb-node', value: description.chainwebVersion ?? <Unknown /> },
              { name: 'Supervision', value: description.supervision ?? <Unknown /> },
            ]}
          />
        </Panel>
        <Components components={description.components} />
      </div>
      <Panel id="host" title="Host">
        <Facts facts={hostFacts(description.host)} />
      </Panel>
      <Settings settings={description.settings} />
    </div>
  );
}

function Described({ at, now }: { at: number; now: number }) {
  return (
    <>
      described <Ago at={at} now={now} />
    </>
  );
}

/** One argument a line: a flag and its value stay together. */
function Arguments({ argv }: { argv: readonly string[] }) {
  return (
    <Panel id="argv" title="Process arguments" aside="secrets were taken out on the node">
      {argv.length === 0 ? (
        <p class="unknown">No chainweb process was found on the node.</p>
      ) : (
        <pre class="argv" tabindex={0}>
          <code>{joinFlags(argv).join('\n')}</code>
        </pre>
      )}
    </Panel>
  );
}

/** `--port 1848` reads better in one line than in two. */
export function joinFlags(argv: readonly string[]): string[] {
  const lines: string[] = [];
  for (const [i, argument] of argv.entries()) {
    const previous = argv[i - 1];
    const isValue = !/^[-+]/.test(argument) && previous?.startsWith('-') && !previous.includes('=');
    if (isValue && lines.length > 0) lines[lines.length - 1] += ` ${argument}`;
    else lines.push(argument);
  }
  return lines;
}

function Settings({ settings }: { settings: Description['settings'] }) {
  return (
    <Panel id="settings" title="Effective configuration of the agent">
      {settings.length === 0 ? (
        <p class="unknown">The agent has not sent its configuration yet.</p>
      ) : (
        <Table caption="Settings of the agent" columns={['Setting', 'Value', 'From']}>
          {settings.map((setting) => (
            <tr>
              <th scope="row">{textOf(setting['name'])}</th>
              <td>
                {textOf(setting['value']) === '' ? (
                  <Unknown why="not set" />
                ) : (
                  <code>{textOf(setting['value'])}</code>
                )}
              </td>
              <td>{setting['isDefault'] === true ? 'default' : 'set on the node'}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

function Components({ components }: { components: Description['components'] }) {
  if (components.length === 0) return null;
  return (
    <Panel id="components" title="Parts of the agent">
      <Facts
        facts={components.map((component) => ({
          name: textOf(component['name']),
          value: (
            <>
              <span class={`health is-${textOf(component['state'])}`}>{textOf(component['state'])}</span>{' '}
              {textOf(component['why'])}
            </>
          ),
        }))}
      />
    </Panel>
  );
}

/** What agents tell of their hosts, in the order in which it is read. */
const HOST_FACTS: readonly { path: string; name: string; unit?: string }[] = [
  { path: 'hostname', name: 'Host name' },
  { path: 'publicAddress', name: 'Address, as its peers see it' },
  { path: 'distribution', name: 'System' },
  { path: 'kernel', name: 'Kernel' },
  { path: 'platform', name: 'Platform' },
  { path: 'cpuModel', name: 'CPU' },
  { path: 'cpuCores', name: 'Cores' },
  { path: 'memTotalMb', name: 'Memory', unit: 'MB' },
  { path: 'committedPath', name: 'Committed path' },
  { path: 'committedGb', name: 'Committed', unit: 'GB' },
  { path: 'driveCommittedGb', name: 'Committed by all nodes of the drive', unit: 'GB' },
  { path: 'runtime', name: 'Agent runtime' },
  { path: 'chainwebNetwork', name: 'Chain network' },
  { path: 'chainwebUrl', name: 'chainweb API' },
  { path: 'process.supervisor', name: 'chainweb runs as' },
  { path: 'process.pid', name: 'chainweb process' },
  { path: 'process.rssMb', name: 'chainweb memory', unit: 'MB' },
  { path: 'process.startedAt', name: 'chainweb started' },
];

export function hostFacts(host: Readonly<Record<string, unknown>>): Fact[] {
  return HOST_FACTS.flatMap(({ path, name, unit }) => {
    const value = path.split('.').reduce<unknown>((record, key) => fieldOf(record, key), host);
    if (value === undefined || value === null || value === '' || value === 0) return [];
    if (path.endsWith('At') && typeof value === 'number') return [{ name, value: absolute(value) }];
    const text = typeof value === 'number' && unit !== undefined ? number(value) : textOf(value);
    return [{ name, value: unit === undefined ? text : `${text} ${unit}` }];
  });
}

function fieldOf(record: unknown, key: string): unknown {
  return record !== null && typeof record === 'object' ? (record as Record<string, unknown>)[key] : undefined;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
