import { homedir } from 'node:os';
import { join } from 'node:path';

/** As `--help` tells it. */
export const DATA_DIRECTORY_RULE = '/var/lib/stoa-hub for root, ~/.local/share/stoa-hub for others';

/** Where the hub keeps its data unless DATA_DIR says. @param by.uid absent where the system has none. */
export function defaultDataDirectory(
  by: { uid: number | undefined; home: string } = { uid: process.getuid?.(), home: homedir() },
): string {
  return by.uid === 0 ? '/var/lib/stoa-hub' : join(by.home, '.local/share/stoa-hub');
}
