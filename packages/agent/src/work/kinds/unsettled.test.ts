import { jobMessage, oneOf, record } from '@stoa/protocol';
import { describe, expect, it } from 'vitest';
import { writeRecord } from '#record-line.ts';
import { AFTERMATH_STEPS } from '#root/gate.ts';
import { makeJob, makeRootWorld } from '#root/root.fixture.ts';
import { kindDeps } from '#work/kinds/kind-deps.fixture.ts';
import { unsettledMark } from '#work/kinds/node-data-dir.ts';
import { leftSnapshot, noteUnsettled, readUnsettled } from '#work/kinds/unsettled.ts';

const SNAPSHOT = { since: 1, name: '1700000000000000' };
const aJob = () => makeJob({ kind: 'seed-refresh' });
const former = {
  name: 'stoa-unsettled-1',
  codec: record({ message: jobMessage, step: oneOf(...AFTERMATH_STEPS) }),
} as const;

describe('the mark of what a job has under way', () => {
  it.each(['rotten', 'stoa-unsettled-2 AAAA AAAA\n', ''])(
    'keeps no job from its work as %j',
    async (line) => {
      const deps = kindDeps(await makeRootWorld());
      await deps.disk.writeAtomic(unsettledMark(deps.config), line);
      const message = aJob();
      expect(await leftSnapshot(deps, message)).toBeUndefined();
      await noteUnsettled(deps, message, { step: 'node-start' });
      expect(await readUnsettled(deps)).toEqual({ message, step: 'node-start', snapshot: undefined });
    },
  );

  it('is read as the version before wrote it, and replaced', async () => {
    const deps = kindDeps(await makeRootWorld());
    const [before, message] = [aJob(), aJob()];
    const path = unsettledMark(deps.config);
    await writeRecord(deps.disk, path, former, { message: before, step: 'node-back' });
    expect(await readUnsettled(deps)).toEqual({ message: before, step: 'node-back', snapshot: undefined });
    await noteUnsettled(deps, message, { snapshot: SNAPSHOT });
    expect(await readUnsettled(deps)).toEqual({ message, step: undefined, snapshot: SNAPSHOT });
  });

  it('goes once its job is put back, also as the version before wrote it', async () => {
    const deps = kindDeps(await makeRootWorld());
    const message = aJob();
    await writeRecord(deps.disk, unsettledMark(deps.config), former, { message, step: 'node-back' });
    await noteUnsettled(deps, message, { step: undefined });
    expect(await readUnsettled(deps)).toBeUndefined();
  });

  it('goes on naming a snapshot that jobs in between could not remove', async () => {
    const deps = kindDeps(await makeRootWorld());
    const [before, between, message] = [aJob(), aJob(), aJob()];
    await noteUnsettled(deps, before, { snapshot: SNAPSHOT });
    await noteUnsettled(deps, between, { step: 'node-start' });
    await noteUnsettled(deps, between, { step: undefined });
    expect(await leftSnapshot(deps, message)).toEqual(SNAPSHOT);
  });

  it("tells the snapshot that another job has left, and not one's own", async () => {
    const deps = kindDeps(await makeRootWorld());
    const [before, message] = [aJob(), aJob()];
    await noteUnsettled(deps, before, { snapshot: SNAPSHOT });
    expect(await leftSnapshot(deps, before)).toBeUndefined();
    expect(await leftSnapshot(deps, message)).toEqual(SNAPSHOT);
  });
});
