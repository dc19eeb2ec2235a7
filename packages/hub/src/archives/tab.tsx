import type { OwnerKey } from '#owner-keys/index.ts';
import { Act } from '../console/form.tsx';
import { bytes, short } from '../console/format.ts';
import { Ago, Empty, Panel, Table } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { NodeBackup, NodeSeed, Place } from './keepsakes.ts';
import { SealedTo } from './sealed-to.tsx';

export interface ArchivesView {
  readonly nodeId: string;
  readonly backups: readonly NodeBackup[];
  readonly seeds: readonly NodeSeed[];
  /** Of the node's owner, the newest first. */
  readonly keys: readonly OwnerKey[];
  /** Whether the viewer may have work done on the node. */
  readonly works: boolean;
  /** Whether the region has storage of its own. */
  readonly hasStorage: boolean;
}

/** What was backed up of a node, and the seeds that were made of it. */
export function ArchivesTab({ view, now }: { view: ArchivesView; now: number }) {
  const { backups, seeds, works } = view;
  return (
    <div class="stack">
      <Panel
        id="backups"
        title="Backups"
        aside="sealed on the node: neither the hub nor the storage can open one"
      >
        {backups.length === 0 ? (
          <Empty title="No backup of this node is known">
            <p>Its database is copied while it runs, and sealed to the key of its owner and to its own:</p>
            <pre tabindex={0}>
              <code>stoa-hub job run backup-stoachain -q id:{view.nodeId}</code>
            </pre>
          </Empty>
        ) : (
          <Backups view={view} now={now} />
        )}
        {works && <Make view={view} />}
      </Panel>
      <Panel id="seeds" title="Seeds" aside="donor snapshots, for stoachain-reseed on any node">
        {seeds.length === 0 ? <NoSeed /> : <Seeds view={view} now={now} />}
      </Panel>
    </div>
  );
}

function Make({ view: { nodeId, hasStorage, keys } }: { view: ArchivesView }) {
  if (!keys.some(({ replacedAt }) => replacedAt === undefined))
    return (
      <p class="field-hint">
        The owner of this node has no key that a backup could be sealed to:{' '}
        <a href={href('/settings/owner-key')}>Settings, Owner key</a> makes one.
      </p>
    );
  const toDisk = new URLSearchParams({ kind: 'backup-stoachain', q: `id:${nodeId}`, 'p.to': 'disk' });
  return (
    <div class="acts">
      <a href={href(`/jobs/run?${toDisk}`)}>Back it up to its own disk</a>
      {hasStorage && <Act path={`/nodes/${nodeId}/backups/place`} word="Back it up to the storage" />}
    </div>
  );
}

function Backups({ view: { nodeId, backups, keys }, now }: { view: ArchivesView; now: number }) {
  return (
    <Table
      caption="Backups, the newest first"
      columns={['Made', 'SHA-256', { word: 'Size', num: true }, 'Where', 'Sealed to']}
    >
      {backups.map(({ jobId, madeAt, sha256, bytes: size, place, sealedTo }) => (
        <tr>
          <td>
            <Ago at={madeAt} now={now} />
          </td>
          <th scope="row">
            <a href={href(`/nodes/${nodeId}/backups/${jobId}`)}>
              <code>{short(sha256)}…</code>
            </a>
          </th>
          <td class="num">{bytes(size)}</td>
          <td>
            <Where place={place} />
          </td>
          <td>
            <SealedTo sealedTo={sealedTo} keys={keys} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

export function Where({ place }: { place: Place }) {
  if (place.kind === 'disk') return <>the node’s own disk</>;
  const { host, pathname } = new URL(place.url);
  return (
    <>
      storage at {host}
      <span class="sub">
        <code>{pathname}</code>
      </span>
    </>
  );
}

function NoSeed() {
  return (
    <Empty title="It has made no seed">
      <p>
        Promote one of its backups, on that backup’s page, or make one of its database as it is now with{' '}
        <code>seed-refresh</code>.
      </p>
    </Empty>
  );
}

function Seeds({ view: { nodeId, seeds, backups }, now }: { view: ArchivesView; now: number }) {
  return (
    <Table caption="Seeds, the newest first" columns={['Made', 'SHA-256', 'Of', 'On the node']}>
      {seeds.map(({ jobId, madeAt, sha256, from, file }, index) => (
        <tr>
          <td>
            <Ago at={madeAt} now={now} />
          </td>
          <th scope="row">
            <a href={href(`/jobs/${jobId}`)}>
              <code title={sha256}>{short(sha256)}…</code>
            </a>
          </th>
          <td>
            <Origin {...{ nodeId, from, backups }} />
          </td>
          <td>{index === 0 ? <code>{file}</code> : 'replaced by the one above'}</td>
        </tr>
      ))}
    </Table>
  );
}

function Origin({
  nodeId,
  from,
  backups,
}: {
  nodeId: string;
  from: string | undefined;
  backups: readonly NodeBackup[];
}) {
  if (from === undefined) return <>its database as it was</>;
  const backup = backups.find(({ sha256 }) => sha256 === from);
  const name = <code title={from}>{short(from)}…</code>;
  return (
    <>
      the backup{' '}
      {backup === undefined ? name : <a href={href(`/nodes/${nodeId}/backups/${backup.jobId}`)}>{name}</a>}
    </>
  );
}
