import { absolute, bytes, number, relative } from '../console/format.ts';
import { Ago, Empty, Facts, Panel, Table, Unknown } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { ReleaseEnd } from './upkeep.ts';
import { holdersOf, type ReleaseRow, type ReleaseState, type ReleasesView } from './view.ts';

/** What nodes may install, who says so, and how long that holds. */
export function ReleasesPage({ view }: { view: ReleasesView }) {
  const { standing, rows } = view;
  return (
    <>
      <header class="title">
        <h1>Releases</h1>
      </header>
      {view.broken !== undefined ? (
        <Broken why={view.broken} mirrorOf={view.mirrorOf} />
      ) : standing === undefined ? (
        <NoRoot view={view} />
      ) : (
        <>
          <div class="panels">
            <Freshness view={view} />
            <Signers view={view} />
          </div>
          <div class="below releases">
            <Panel
              id="releases"
              title="Published"
              aside="the newest first; what nodes install now, rollouts say"
            >
              {rows.length === 0 ? <NothingYet view={view} /> : <ReleaseTable view={view} />}
            </Panel>
          </div>
        </>
      )}
    </>
  );
}

/** Files that somebody or the disk has changed: nodes refuse them as the hub does. */
function Broken({ why, mirrorOf }: { why: string; mirrorOf: string | undefined }) {
  return (
    <div class="stack">
      <p class="warning" role="alert">
        What lies on the disk does not hold: {why}. Nodes take no update, and go on running.
      </p>
      {mirrorOf === undefined ? (
        <>
          <p>Publish again from where it was signed; that takes its place:</p>
          <pre tabindex={0}>
            <code>stoa-hub release publish DIR</code>
          </pre>
        </>
      ) : (
        <p>What {mirrorOf} serves takes its place within a minute, if that holds.</p>
      )}
    </div>
  );
}

function NoRoot({ view: { mirrorOf } }: { view: ReleasesView }) {
  return (
    <Empty title="No release root is trusted here yet">
      {mirrorOf === undefined ? (
        <>
          <p>
            Agents take updates that 2 of 3 people signed. On the hub’s machine, first its keys for the
            ceremony:
          </p>
          <pre tabindex={0}>
            <code>stoa-hub release keys</code>
          </pre>
          <p>then, with the root that the holders have signed:</p>
        </>
      ) : (
        <p>
          This region is to serve what {mirrorOf} publishes, once it knows whose signatures count. On the
          hub’s machine:
        </p>
      )}
      <pre tabindex={0}>
        <code>stoa-hub release trust 1.root.json</code>
      </pre>
    </Empty>
  );
}

function NothingYet({ view: { mirrorOf } }: { view: ReleasesView }) {
  return (
    <Empty title="Nothing is published yet">
      {mirrorOf === undefined ? (
        <>
          <p>On the hub’s machine, with the directory that was built and signed:</p>
          <pre tabindex={0}>
            <code>stoa-hub release publish DIR</code>
          </pre>
        </>
      ) : (
        <p>What {mirrorOf} publishes comes here within a minute.</p>
      )}
    </Empty>
  );
}

function Freshness({ view }: { view: ReleasesView }) {
  const { standing, ends, mirrorOf, fault, now } = view;
  const inForce = standing?.inForce;
  return (
    <Panel
      id="freshness"
      title="Freshness"
      aside={mirrorOf === undefined ? 'signed by this region' : 'mirrored'}
    >
      <div class="stack">
        {fault !== undefined && (
          <p class="warning" role="alert">
            The last attempt failed: {fault}
          </p>
        )}
        {inForce !== undefined && !inForce.byNewestRoot && (
          <p class="warning" role="alert">
            The newest root has changed the keys of the hub, and nothing is signed by them yet: nodes wait.
          </p>
        )}
        <Facts
          facts={[
            {
              name: 'Kept fresh',
              value:
                mirrorOf === undefined ? (
                  'by the keys of this region, which vouch for age and never for content'
                ) : (
                  <>
                    by <code>{mirrorOf}</code>, verified here
                  </>
                ),
            },
            ...ends.map((end) => ({ name: end.name, value: <End end={end} now={now} /> })),
            ...(inForce === undefined
              ? []
              : [
                  {
                    name: 'Versions',
                    value: `snapshot ${inForce.snapshot.version}, timestamp ${inForce.timestamp.version}`,
                  },
                ]),
          ]}
        />
        <p>Where something has ended, updates stop. Everything goes on running.</p>
      </div>
    </Panel>
  );
}

function End({ end: { notAfter, warnMs }, now }: { end: ReleaseEnd; now: number }) {
  const told = notAfter > now ? `ends ${relative(notAfter, now)}` : `ended ${relative(notAfter, now)}`;
  return notAfter - now > warnMs ? (
    <span title={absolute(notAfter)}>{told}</span>
  ) : (
    <strong class="warn" title={absolute(notAfter)}>
      {told}
    </strong>
  );
}

function Signers({ view: { standing, online, mirrorOf } }: { view: ReleasesView }) {
  if (standing === undefined) return null;
  const { root } = standing;
  return (
    <Panel id="signers" title="Who may sign" aside={`root ${root.version}`}>
      <div class="stack">
        {root.development && (
          <p class="warning">Made for development: whoever has that directory can sign releases.</p>
        )}
        <Facts
          facts={[
            ...(['root', 'targets'] as const).map((role) => ({
              name: role === 'root' ? 'Roots' : 'Releases',
              value: `${root.roles[role].threshold} of ${root.roles[role].keys.map(({ holder }) => holder).join(', ')}`,
            })),
            ...online.map(({ role, id, isHeld }) => ({
              name: role === 'snapshot' ? 'Snapshot' : 'Timestamp',
              value: <OnlineKey id={id} isHeld={isHeld} isNeeded={mirrorOf === undefined} />,
            })),
            { name: 'Hash of the root', value: <code class="breaking">{root.sha256}</code> },
          ]}
        />
      </div>
    </Panel>
  );
}

function OnlineKey({ id, isHeld, isNeeded }: { id: string; isHeld: boolean; isNeeded: boolean }) {
  return (
    <>
      <code title={id}>{id.slice(0, 16)}…</code>{' '}
      {isHeld ? (
        'held here'
      ) : isNeeded ? (
        <strong class="warn">not held here</strong>
      ) : (
        'held by the publisher'
      )}
    </>
  );
}

function ReleaseTable({ view: { rows, standing, now } }: { view: ReleasesView }) {
  return (
    <Table
      caption="Published releases, the newest first"
      columns={[
        ...['Release', { word: 'Targets', num: true } as const, 'State', 'Platforms'],
        ...[{ word: 'Files', num: true } as const, 'Floor', 'Signed by', 'Published'],
      ]}
    >
      {rows.map((row) => (
        <Row row={row} signers={standing ? holdersOf(standing.root, row.release.signers) : []} now={now} />
      ))}
    </Table>
  );
}

function Row({ row, signers, now }: { row: ReleaseRow; signers: readonly string[]; now: number }) {
  const { release, published } = row;
  return (
    <tr>
      <th scope="row">
        <a href={href(`/admin/releases/${release.version}`)}>{release.release}</a>{' '}
        {release.security && <span class="mark">security</span>}
      </th>
      <td class="num">{release.version}</td>
      <td>
        <StateWord state={row.state} />
      </td>
      <td>{row.platforms.join(', ')}</td>
      <td class="num">{`${number(release.targets.length)}, ${bytes(row.size)}`}</td>
      <td>{release.floor}</td>
      <td>{signers.join(', ')}</td>
      <td>
        {published === undefined ? (
          <Unknown why="the audit log no longer tells" />
        ) : (
          <Ago at={published.at} now={now} />
        )}
      </td>
    </tr>
  );
}

export function StateWord({ state }: { state: ReleaseState }) {
  return state === 'revoked' ? <strong class="warn">revoked</strong> : <span>{state}</span>;
}
