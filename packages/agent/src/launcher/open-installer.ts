import { access, constants } from 'node:fs/promises';
import type { SlotInstaller } from '#launcher/installer.ts';
import type { Launched } from '#launcher/launched.ts';

/** The privileged unit's, as its socket unit has it. */
const ROOT_SOCKET = '/run/stoa-agent-root.sock';

/** How this process installs: by itself where the program's directory is its own, else by the privileged unit. */
export async function openInstaller(
  launched: Launched,
  rootSocket: string = ROOT_SOCKET,
): Promise<SlotInstaller> {
  if (await isWritable(launched.prefix))
    return (await import('#launcher/direct-installer.ts')).createDirectInstaller(launched);
  return (await import('#launcher/root-installer.ts')).createRootInstaller(launched, rootSocket);
}

async function isWritable(directory: string): Promise<boolean> {
  try {
    await access(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
