import type { SlotInstaller } from '#launcher/installer.ts';

/** The installer takes one call at a time: each waits here for those before it. */
export function inTurn(installer: SlotInstaller): SlotInstaller {
  let last: Promise<unknown> = Promise.resolve();
  const after = <T>(task: () => Promise<T>): Promise<T> => {
    const done = last.then(task);
    last = done.catch(() => undefined);
    return done;
  };
  return {
    way: installer.way,
    state: () => after(() => installer.state()),
    stage: (release) => after(() => installer.stage(release)),
    select: (id) => after(() => installer.select(id)),
    reject: (id, reason) => after(() => installer.reject(id, reason)),
    keep: (id) => after(() => installer.keep(id)),
    up: () => after(() => installer.up()),
    restart: () => installer.restart(),
  };
}
