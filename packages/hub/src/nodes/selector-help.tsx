import { Panel, Table } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { SELECTOR_LIMITS } from '../selector/index.ts';
import { listUrl } from './list-filter.ts';
import { nodeSelectors } from './node-selector.ts';

const GRAMMAR = [
  ['rack7 eu', 'both words, by their beginning, in label, owner or region'],
  ['"rack 7"', 'the words one behind the other'],
  ['state:offline tag:lab', 'both; AND may be written between them'],
  ['state:offline,behind', 'either'],
  ['state:offline OR lag:>5', 'either; OR binds less than AND'],
  ['-tag:lab', 'without the tag; NOT tag:lab is the same'],
  ['-(region:eu OR region:na)', 'parentheses group'],
] as const;

/** The language of the search: every field, from the table that the parser reads. */
export function SelectorHelp() {
  return (
    <article class="help">
      <p class="crumb">
        <a href={href('/nodes')}>Nodes</a>
      </p>
      <div class="title">
        <h1>Selectors</h1>
      </div>
      <div class="stack">
        <Panel id="grammar" title="How terms are joined">
          <Examples rows={GRAMMAR.map(([text, doc]) => ({ text, doc }))} />
          <p class="field-hint">
            At most {SELECTOR_LIMITS.characters} characters, {SELECTOR_LIMITS.terms} terms, and parentheses{' '}
            {SELECTOR_LIMITS.depth} deep. The same text works in the list, its address, the command line, the
            API and alerts.
          </p>
        </Panel>
        <Panel id="fields" title="Fields">
          <Table
            caption="Fields of a selector"
            columns={['Field', 'What it asks', 'Operators', 'Value', 'Example']}
          >
            {nodeSelectors.fields.map(({ name, doc, operators, expects, example }) => (
              <tr>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td>{doc}</td>
                <td>
                  <code>{operators.join(' ')}</code>
                </td>
                <td>{expects}</td>
                <td>
                  <Try text={example} />
                </td>
              </tr>
            ))}
          </Table>
        </Panel>
      </div>
    </article>
  );
}

function Examples({ rows }: { rows: readonly { text: string; doc: string }[] }) {
  return (
    <dl class="facts">
      {rows.map(({ text, doc }) => (
        <>
          <dt>
            <Try text={text} />
          </dt>
          <dd>{doc}</dd>
        </>
      ))}
    </dl>
  );
}

function Try({ text }: { text: string }) {
  return (
    <a href={href(`/${listUrl(text)}`)}>
      <code>{text}</code>
    </a>
  );
}
