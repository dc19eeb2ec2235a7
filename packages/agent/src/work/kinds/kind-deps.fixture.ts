import { createDisk } from '#atomic-file.ts';
import { createClock } from '#clock.ts';
import { createHttp } from '#http.ts';
import type { RootWorld } from '#root/root.fixture.ts';
import { createCommands } from '#work/commands.ts';
import type { KindDeps } from '#work/kinds/deps.ts';

/** What kinds have on the host of a privileged unit, with an agent's data below its directory. */
export function kindDeps(world: RootWorld, changes: Partial<KindDeps> = {}): KindDeps {
  const clock = createClock();
  const http = createHttp({ clock });
  return {
    clock,
    random: (count) => new Uint8Array(count),
    disk: createDisk(),
    proc: world.proc.proc,
    commands: createCommands(clock),
    rootSteps: world.steps,
    http,
    nodeHttp: http,
    hostFacts: {} as KindDeps['hostFacts'],
    config: {
      dataDir: world.directory,
      network: 'stoa',
      chainwebUrl: 'http://127.0.0.1:1848',
      chainwebP2pUrl: 'https://127.0.0.1:1789',
      committedPath: world.directory,
      committedGb: 0,
    },
    nodeSeed: async () => new Uint8Array(32),
    ownerKey: async () => undefined,
    hub: async () => 'https://127.0.0.1:1',
    updates: () => {
      throw new Error('no update is under way in this test');
    },
    ...changes,
  };
}
