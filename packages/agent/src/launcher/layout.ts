import { join } from 'node:path';
import type { Role } from '#launcher/launched.ts';

/** Names of the files that the program carries inside itself, or has beside it where it is no single executable. */
export const ASSET = { root: 'root.json', factory: 'factory.cjs' } as const;

/** Of the launcher; raised with what payloads may rely on. 1.0.0: 2026-11-26, the first. */
export const LAUNCHER_VERSION = '1.0.0';

/** Where everything lies below the program's own directory. All of it belongs to whoever installs. */
export interface Layout {
  readonly prefix: string;
  /** The runtime: Node, launcher and factory payload in one. */
  readonly program: string;
  readonly slots: string;
  readonly roots: string;
  readonly selection: string;
  /** During the trial of a runtime: the one before it, and `STARTS ID SHA256` of the new one. */
  readonly previousProgram: string;
  readonly runtimeTrial: string;
  /** What the guard makes of that when it puts the one before back. */
  readonly runtimeFailed: string;
  /** A runtime that is staged and not yet in place: `<id>/{stoa-agent,targets.json}`. */
  readonly runtimes: string;
  readonly guard: string;
}

export function layoutOf(prefix: string): Layout {
  const at = (name: string): string => join(prefix, name);
  return {
    prefix,
    program: at('stoa-agent'),
    slots: at('slots'),
    roots: at('roots'),
    selection: at('selection.json'),
    previousProgram: at('stoa-agent.prev'),
    runtimeTrial: at('runtime-trial'),
    runtimeFailed: at('runtime-failed'),
    runtimes: at('runtimes'),
    guard: at('guard.sh'),
  };
}

export function slotFiles(layout: Layout, id: string): { payload: string; targets: string } {
  return { payload: join(layout.slots, id, 'payload.cjs'), targets: join(layout.slots, id, 'targets.json') };
}

export function runtimeFiles(layout: Layout, id: string): { program: string; targets: string } {
  return {
    program: join(layout.runtimes, id, 'stoa-agent'),
    targets: join(layout.runtimes, id, 'targets.json'),
  };
}

/** Of root's own unit, whatever its environment says. */
export const ROOT_STATE = '/var/lib/stoa-agent-root';

/** Where a role keeps what its own starts have shown: outside every slot, so that no rollback forgets it (F10). */
export function journalDirectory(role: Role, state: { dataDir: string; instance: string }): string {
  return role === 'root' ? join(ROOT_STATE, 'launcher') : join(state.dataDir, 'launcher', state.instance);
}
