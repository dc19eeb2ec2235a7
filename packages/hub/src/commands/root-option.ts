import { fromHex } from '@stoa/protocol';
import { HubError } from '../error.ts';

/** `--root` of a command that verifies a file: the root's fingerprint, where its reader has it from elsewhere. @throws HubError */
export function rootOption(text: string | undefined): Uint8Array | undefined {
  const root = text?.toLowerCase();
  if (root === undefined) return undefined;
  if (!/^[0-9a-f]{64}$/.test(root))
    throw new HubError('bad_option', `--root=${text}: 64 hex digits expected, as stoa-hub init prints them`, {
      retry: false,
    });
  return fromHex(root);
}
