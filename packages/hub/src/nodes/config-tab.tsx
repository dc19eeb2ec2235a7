import { Ago, Empty, type Fact, Facts, Panel, Unknown } from '../console/parts.tsx';
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
      <Panel id="versions" title="Versions and supervision" aside={<Described at={description.describedAt} now={now} />}>
        <Facts
          facts={[
            { name: 'Agent', value: description.agentVersion },
            { name: 'chainweb-node', value: description.chainwebVersion ?? <Unknown /> },
            { name: 'Supervision', value: description.supervision ?? <Unknown /> },
          ]}
        />
      </Panel>
      <Panel id="host" title="Host">
        <Facts facts={flatFacts(description.host)} />
      </Panel>
      <Settings settings={description.settings} />
      <Components components={description.components} />
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
    const isValue = !argument.startsWith('-') && previous?.startsWith('-') && !previous.includes('=');
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
        <table>
          <caption class="away">Settings of the agent</caption>
          <thead>
            <tr>
              <th scope="col">Setting</th>
              <th scope="col">Value</th>
              <th scope="col">From</th>
            </tr>
          </thead>
          <tbody>
            {settings.map((setting) => (
              <tr>
                <th scope="row">{textOf(setting['name'])}</th>
                <td>
                  <code>{textOf(setting['value'])}</code>
                </td>
                <td>{setting['isDefault'] === true ? 'default' : 'set on the node'}</td>
              </tr>
            ))}
          </tbody>
        </table>
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

/** Facts as the agent named them; nested ones by their path. */
export function flatFacts(record: Readonly<Record<string, unknown>>, path = ''): Fact[] {
  return Object.entries(record).flatMap(([key, value]) => {
    const name = path === '' ? words(key) : `${path} ${words(key)}`;
    if (value !== null && typeof value === 'object' && !Array.isArray(value))
      return flatFacts(value as Record<string, unknown>, name);
    const text = textOf(value);
    return text === '' ? [] : [{ name, value: text }];
  });
}

/** cpuModel -> cpu model. */
function words(key: string): string {
  return key.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
