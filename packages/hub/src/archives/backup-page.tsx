import { Act } from '../console/form.tsx';
import { absolute, bytes, duration } from '../console/format.ts';
import { Ago, Facts, Panel } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { shellQuote } from '../seams/ssh-pool/index.ts';
import type { NodeBackup } from './keepsakes.ts';
import { keyOf, SealedTo } from './sealed-to.tsx';
import { URL_GOOD_MS } from './storage.ts';
import { type ArchivesView, Where } from './tab.tsx';

export interface BackupView extends Pick<ArchivesView, 'nodeId' | 'keys' | 'works'> {
  readonly backup: NodeBackup;
  /** Whether the hub can give a URL for it. */
  readonly held: boolean;
  /** The URL that was asked for just now. */
  readonly link: string | undefined;
}

/** One backup: what it is, and the exact commands that fetch it, prove it and put it back. */
export function BackupPage({ view, now }: { view: BackupView; now: number }) {
  const { nodeId, backup, keys, works } = view;
  const { jobId, madeAt, sha256, bytes: size, place, sealedTo } = backup;
  return (
    <div class="stack">
      <Panel
        id="backup"
        title="The backup"
        aside={
          <>
            <a href={href(`/nodes/${nodeId}/backups`)}>all of this node</a> ·{' '}
            <a href={href(`/jobs/${jobId}`)}>the job that made it</a>
          </>
        }
      >
        <Facts
          facts={[
            { name: 'Made', value: <Ago at={madeAt} now={now} /> },
            { name: 'Size', value: bytes(size) },
            { name: 'SHA-256', value: <code>{sha256}</code> },
            { name: 'Where', value: <Where place={place} /> },
            { name: 'Sealed to', value: <SealedTo sealedTo={sealedTo} keys={keys} whole /> },
          ]}
        />
      </Panel>
      <Panel id="fetch" title="Fetch it" aside="goes on where it was cut">
        <Fetch view={view} now={now} />
      </Panel>
      <Panel id="open" title="Verify and restore without hub or node" aside="where the owner’s key is">
        <Open backup={backup} inBrowser={keyOf(sealedTo, keys)?.madeIn === 'browser'} />
      </Panel>
      {works && <OnTheNode view={view} />}
    </div>
  );
}

function Fetch({ view: { nodeId, backup, works, held, link }, now }: { view: BackupView; now: number }) {
  const { place, jobId } = backup;
  if (place.kind === 'disk')
    return (
      <>
        <p>
          It lies on the node’s own disk, as <code>{place.path}</code>. The hub has no copy:
        </p>
        <Command
          lines={[`rsync --partial --append-verify root@HOST:${shellQuote(place.path)} ${fileOf(backup)}`]}
        />
      </>
    );
  if (!held)
    return (
      <>
        <p>
          It lies at <code>{place.url}</code>. This hub has no key of that storage: make a presigned GET of it
          with yours, and
        </p>
        <Command lines={[fetchBy('URL', backup)]} />
      </>
    );
  if (link === undefined)
    return works ? (
      <>
        <p>The link is good for {duration(URL_GOOD_MS)}, for whoever has it; what it leads to is sealed.</p>
        <Act path={`/nodes/${nodeId}/backups/${jobId}/link`} word="Make a link" tone="primary" />
      </>
    ) : (
      <p>Who works on this node can make a link to it.</p>
    );
  return (
    <>
      <p>
        <a href={link} rel="noreferrer">
          Download it
        </a>
        , until {absolute(now + URL_GOOD_MS)}. Or, as often as it takes:
      </p>
      <Command lines={[fetchBy(link, backup)]} />
    </>
  );
}

function Open({ backup, inBrowser }: { backup: NodeBackup; inBrowser: boolean }) {
  const file = fileOf(backup);
  const open = `stoa-hub key open-backup ${file} --file owner.key`;
  return (
    <>
      {inBrowser && (
        <p class="warning">
          The key that it is sealed to is in a browser, which gives it to no command: only the node itself can
          open it.
        </p>
      )}
      <p>Each piece of it is in its place and unchanged, and it is the one that the node signed for:</p>
      <Command lines={[`${open} --sha256 ${backup.sha256}`]} />
      <p>
        Into the database of a chainweb-node that is stopped; DIRECTORY is its{' '}
        <code>--database-directory</code>, and empty:
      </p>
      <Command
        lines={[
          `${open} --out database.tar`,
          "tar --extract --file database.tar --transform 's,^0/sqlite/,0/sqliteDb/,' --directory DIRECTORY",
        ]}
      />
    </>
  );
}

/** What its node can do with it, which has the other key: each is a job that takes a signed order. */
function OnTheNode({ view: { nodeId, backup } }: { view: BackupView }) {
  const path = (use: string) => `/nodes/${nodeId}/backups/${backup.jobId}/use/${use}`;
  return (
    <Panel id="use" title="On the node" aside="each shows what it would do, and takes a signed order">
      <div class="ssh-act">
        <p>
          Make of it the donor snapshot that this node offers. A seed is not sealed: who reseeds from it names
          its hash.
        </p>
        <Act path={path('seed-promote')} word="Promote to seed" />
      </div>
      <div class="ssh-act">
        <p>Put it back as the node’s database; the present one is kept until the node is at the tip.</p>
        <Act path={path('backup-restore')} word="Restore it" />
      </div>
    </Panel>
  );
}

function Command({ lines }: { lines: readonly string[] }) {
  return (
    <pre tabindex={0}>
      <code>{lines.join('\n')}</code>
    </pre>
  );
}

function fileOf({ sha256 }: NodeBackup): string {
  return `${sha256.slice(0, 16)}.stoa-archive`;
}

function fetchBy(url: string, backup: NodeBackup): string {
  return `curl --fail --continue-at - --retry 9 --output ${fileOf(backup)} ${shellQuote(url)}`;
}
