import { equalBytes, toHex } from '@stoa/protocol';
import { type ArchiveHeader, openHeader, PIECE_BYTES, sealHeader, sealPieces } from '@stoa/protocol/archive';
import { nodeCrypto } from '@stoa/protocol/node';
import type { JobHandler, RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import { backupDirectory, findUnfinished, type Unfinished, writeArchive } from '#work/kinds/archive-file.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { Pipe } from '#work/kinds/pipe.ts';
import { adoptSnapshot, makeSnapshot, type Snapshot } from '#work/kinds/snapshot.ts';
import { Stepper } from '#work/kinds/stepper.ts';
import { type BackupArchive, findUnsent, noteUnsent, sendArchive } from '#work/kinds/upload.ts';

/**
 * The node's snapshot as an archive that only the owner and this node can open: not the hub, not the storage. An attempt
 * that was cut goes on where its file ends, since a snapshot gives the same bytes each time, and then where its upload ends.
 */
export function backupStoachain(deps: KindDeps): JobHandler {
  return {
    async run(job) {
      const to = String(job.params['to']);
      const unsent = await findUnsent(deps, job);
      const archive = unsent ?? (await makeArchive(deps, job));
      if (to !== 'disk') await sendArchive(deps, job, unsent ?? (await noteUnsent(deps, job, archive)));
      const { sha256, bytes, snapshot, sealedTo, path } = archive;
      return { report: { sha256, bytes, snapshot, to: to === 'disk' ? path : 'storage', sealedTo } };
    },
  };
}

async function makeArchive(deps: KindDeps, job: RunningJob): Promise<BackupArchive> {
  const owner = await deps.ownerKey();
  if (owner === undefined)
    throw new JobError(
      'no_owner_key',
      'the owner has no key on the hub that a backup could be sealed to: make one first',
    );
  const steps = new Stepper(deps, job);
  const directory = backupDirectory(deps.config);
  const begun = (await findUnfinished(directory)) ?? { header: undefined, pieces: 0 };
  const { header, contentKey, pieces, snapshot } = await headerOf(deps, job, { owner, begun, steps });
  try {
    const source = sealed(job, steps, { header, contentKey, pieces });
    const archive = await writeArchive(directory, { header, pieces }, source);
    job.log(`sha256 ${archive.sha256}, ${archive.bytes} bytes`);
    return { ...archive, snapshot: header.snapshot, sealedTo: toHex(owner) };
  } finally {
    // The next attempt goes on with an archive that was cut, and needs the same snapshot.
    if ((await findUnfinished(directory))?.header.snapshot === header.snapshot) await snapshot.keep();
    await snapshot.remove();
  }
}

interface Begun {
  readonly header: ArchiveHeader | undefined;
  readonly pieces: number;
}

async function headerOf(
  deps: KindDeps,
  job: RunningJob,
  { owner, begun, steps }: { owner: Uint8Array; begun: Begun | Unfinished; steps: Stepper },
): Promise<{ header: ArchiveHeader; contentKey: Uint8Array; pieces: number; snapshot: Snapshot }> {
  const { header, pieces } = begun;
  const seed = await deps.nodeSeed();
  const own = nodeCrypto.signingKey(seed).publicKey;
  if (header?.recipients.some(({ key }) => equalBytes(key, owner))) {
    job.log(`going on with the archive of snapshot ${header.snapshot} at piece ${pieces}`);
    const snapshot = await adoptSnapshot(deps, job, { steps, name: header.snapshot });
    return { header, contentKey: openHeader(header, seed), pieces, snapshot };
  }
  if ('path' in begun) {
    const former = await adoptSnapshot(deps, job, { steps, name: begun.header.snapshot });
    await deps.disk.remove(begun.path);
    await former.remove();
  }
  const snapshot = await makeSnapshot(deps, job, steps);
  const contentKey = deps.random(32);
  const { random } = deps;
  const fresh = sealHeader({
    contentKey,
    recipients: [owner, own],
    snapshot: snapshot.name,
    node: job.lease.nodeId,
    pieceBytes: PIECE_BYTES,
    random,
  });
  return { header: fresh, contentKey, pieces: 0, snapshot };
}

async function* sealed(
  job: RunningJob,
  steps: Stepper,
  { header, contentKey, pieces: from }: { header: ArchiveHeader; contentKey: Uint8Array; pieces: number },
): AsyncGenerator<Uint8Array> {
  const pipe = new Pipe();
  const reading = steps
    .run('snapshot-read', { args: { snapshot: header.snapshot }, onBytes: (chunk) => pipe.push(chunk) })
    .then(
      () => pipe.end(),
      (error: unknown) => pipe.fail(error),
    );
  let megabytes = from;
  for await (const piece of sealPieces(pipe, { contentKey, header, from })) {
    megabytes += 1;
    job.progress(undefined, `sealed ${megabytes} MiB`);
    yield piece;
  }
  await reading;
}
