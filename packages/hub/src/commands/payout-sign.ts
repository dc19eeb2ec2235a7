import { fromHex, toHex, utf8 } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { challengeText, readPayoutAccount } from '@stoa/protocol/stoicism';
import { HubError } from '../error.ts';
import { PrivateFile } from '../private-file.ts';
import type { CommandContext } from './context.ts';

export interface SignOptions {
  readonly keyFile: string;
  readonly account: string;
  readonly email: string;
  readonly region: string;
  readonly nonce: string;
  readonly expires: string;
}

/**
 * `stoa-hub payout sign`: builds the text from its parts, tells it, and signs it. Whatever a console shows, nothing else than
 * this text can be signed by it.
 */
export async function signPayout(
  { out, json, stderr }: Pick<CommandContext, 'out' | 'json' | 'stderr'>,
  options: SignOptions,
): Promise<void> {
  const verdict = readPayoutAccount(options.account);
  if (!verdict.ok) throw bad('--account', `${verdict.why} ${verdict.fix}`);
  if (!/^[0-9a-f]{32}$/.test(options.nonce)) throw bad('--nonce', '32 hex digits expected');
  const expiresAt = Number(options.expires);
  if (!Number.isSafeInteger(expiresAt) || expiresAt <= 0 || expiresAt > 8.64e12)
    throw bad('--expires', 'whole seconds since 1970 expected');
  for (const name of ['email', 'region'] as const)
    if (!/^[^\s\p{C}]{1,254}$/u.test(options[name])) throw bad(`--${name}`, 'one word expected');
  const key = nodeCrypto.signingKey(await seedOf(options.keyFile));
  const publicKey = toHex(key.publicKey);
  if (verdict.kind === 'k' && verdict.account !== `k:${publicKey}`)
    stderr.write(`The key is that of k:${publicKey}: the account takes it only where its guard holds it.\n`);
  const { email, region, nonce } = options;
  const text = challengeText({ account: verdict.account, email, region, nonce, expiresAt });
  stderr.write(`This is signed:\n\n${text}\n`);
  const signature = toHex(key.sign(utf8(text)));
  out(json ? JSON.stringify({ publicKey, signature, text }) : signature);
}

async function seedOf(path: string): Promise<Uint8Array> {
  const held = await new PrivateFile(path).load();
  if (held === undefined) throw bad('--key-file', `there is no ${path}`);
  const text = Buffer.from(held).toString('latin1').trim().toLowerCase();
  const found = /^([0-9a-f]{64})(?:[0-9a-f]{64})?$/.exec(text)?.[1];
  if (found === undefined) throw bad('--key-file', `${path} holds something else than 64 or 128 hex digits`);
  return fromHex(found);
}

function bad(option: string, why: string): HubError {
  return new HubError('bad_option', `${option}: ${why}`, { retry: false });
}
