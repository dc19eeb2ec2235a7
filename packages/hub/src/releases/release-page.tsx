import { absolute, bytes, percent } from '../console/format.ts';
import { Ago, Facts, Panel, Table, Unknown } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { StateWord } from './list-page.tsx';
import { type Changes, type FileView, holdersOf, type ReleaseView } from './view.ts';

/** One release: what is in it, what changed, who signed it, and how to check all that without this hub. */
export function ReleasePage({ view }: { view: ReleaseView }) {
  const { release } = view.row;
  return (
    <>
      <header class="title">
        <h1>
          Release {release.release} {release.security && <span class="mark">security</span>}
        </h1>
        <p>
          <a href={href('/admin/releases')}>All releases</a>
        </p>
      </header>
      <div class="panels">
        <About view={view} />
        <div class="stack">
          <Panel id="notes" title="What it brings">
            {release.notes === '' ? (
              <p class="unknown">Its holders wrote no notes.</p>
            ) : (
              <p class="release-notes">{release.notes}</p>
            )}
          </Panel>
          {view.changes !== undefined && <Changed changes={view.changes} />}
        </div>
      </div>
      <div class="below stack releases">
        <Files view={view} />
        <ByHand view={view} />
      </div>
    </>
  );
}

function About({ view: { row, root, now } }: { view: ReleaseView }) {
  const { release, published, state } = row;
  const signers = holdersOf(root, release.signers);
  return (
    <Panel id="about" title="About" aside={`targets ${release.version}`}>
      <Facts
        facts={[
          { name: 'State', value: <StateWord state={state} /> },
          {
            name: 'Signed by',
            value: (
              <ul>
                {release.signers.map((id, i) => (
                  <li>
                    {signers[i]} <code title={id}>{id.slice(0, 16)}…</code>
                  </li>
                ))}
              </ul>
            ),
          },
          {
            name: 'Published',
            value:
              published === undefined ? (
                <Unknown why="the audit log no longer tells" />
              ) : (
                <>
                  <Ago at={published.at} now={now} /> by {published.by}
                </>
              ),
          },
          { name: 'Installed until', value: absolute(release.expiresAt) },
          { name: 'Floor', value: `${release.floor}: what is older only updates` },
          {
            name: 'Security',
            value: release.security ? 'yes: only a person halts its rollout' : 'no',
          },
          {
            name: 'Components',
            value:
              release.sbom === undefined ? (
                <Unknown why="the release brings no list of its components" />
              ) : (
                <a
                  href={`/releases/targets/${release.sbom.sha256}`}
                  download={`stoa-agent-${release.release}.cdx.json`}
                >
                  list of components (CycloneDX, {bytes(release.sbom.length)})
                </a>
              ),
          },
          { name: 'Hash', value: <code class="breaking">{release.sha256}</code> },
        ]}
      />
    </Panel>
  );
}

function Changed({ changes: { since, added, removed, floor } }: { changes: Changes }) {
  return (
    <Panel id="changes" title={`Since release ${since.release}`}>
      <ul>
        {added.map((path) => (
          <li>
            new: <code>{path}</code>
          </li>
        ))}
        {removed.map((path) => (
          <li>
            no longer: <code>{path}</code>
          </li>
        ))}
        {floor !== undefined && (
          <li>
            the floor went from {since.floor} to {floor}
          </li>
        )}
        {added.length + removed.length === 0 && floor === undefined && <li>the same files, signed anew</li>}
      </ul>
    </Panel>
  );
}

function Files({ view: { files } }: { view: ReleaseView }) {
  return (
    <Panel id="files" title="Files" aside="by the hash of what they unpack to">
      <Table
        caption="Files of the release"
        columns={[
          ...['File', 'Node', 'Launcher', { word: 'Size', num: true } as const],
          ...[{ word: 'To fetch', num: true } as const, 'SHA-256'],
        ]}
      >
        {files.map((file) => (
          <FileRow file={file} />
        ))}
      </Table>
    </Panel>
  );
}

function FileRow({ file: { target, packed, isHere } }: { file: FileView }) {
  const { path, sha256, length, custom } = target;
  return (
    <tr>
      <th scope="row">{isHere ? <a href={`/releases/targets/${sha256}`}>{path}</a> : path}</th>
      <td>{custom.node}</td>
      <td>{`≥ ${custom.minLauncher}`}</td>
      <td class="num">{bytes(length)}</td>
      <td class="num">
        {!isHere
          ? 'retired'
          : packed === undefined
            ? bytes(length)
            : `${bytes(packed)} (${percent(packed / length)})`}
      </td>
      <td>
        <code>{sha256}</code>
      </td>
    </tr>
  );
}

/** Commands that work on any machine, by keys that are not this hub's. */
function ByHand({ view: { row, root, origin } }: { view: ReleaseView }) {
  const { version } = row.release;
  const first = [...root.earlier, root][0]!.version;
  const commands = [
    'mkdir -p roots',
    `for n in $(seq ${first} ${root.version}); do curl -fsS -o roots/$n.root.json ${origin}/releases/metadata/$n.root.json; done`,
    `curl -fsSO ${origin}/releases/metadata/${version}.targets.json`,
    `stoa-signer release verify --roots roots --targets ${version}.targets.json`,
  ];
  return (
    <Panel id="by-hand" title="Verify it by hand" aside="compare the hash of the first root with its holders">
      <pre tabindex={0}>
        <code>{commands.join('\n')}</code>
      </pre>
    </Panel>
  );
}
