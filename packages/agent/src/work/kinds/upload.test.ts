import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeRootWorld } from '#root/root.fixture.ts';
import { backupDirectory } from '#work/kinds/archive-file.ts';
import { kindDeps } from '#work/kinds/kind-deps.fixture.ts';
import { runningJob } from '#work/kinds/running-job.fixture.ts';
import { findUnsent } from '#work/kinds/upload.ts';

describe('what is known of an archive that was not sent whole', () => {
  it('is nothing where its record is rotten: the backup is made anew', async () => {
    const deps = kindDeps(await makeRootWorld());
    const directory = backupDirectory(deps.config);
    await mkdir(directory);
    await deps.disk.writeAtomic(join(directory, 'unsent'), 'stoa-unsent-1 AAAA AAAA\n');
    const { job } = runningJob('backup-stoachain', { to: 'https://s3.example/b/1' });
    expect(await findUnsent(deps, job)).toBeUndefined();
  });
});
