import { type Random, toHex } from '@stoa/protocol';
import { MINT_CHAINS } from '@stoa/protocol/mint';
import { SignerError } from '#error.ts';
import { readJournal } from '#journal/hash-chain.ts';
import { Journal } from '#journal/journal.ts';
import { readKeyFile } from '#keys/key-file.ts';
import type { Unlock } from '#keys/unlock.ts';
import { restartApprovalKind } from '#mint/approval.ts';
import { contractOf, formatMintConfig, type MintConfig } from '#mint/config.ts';
import { requirePersons } from '#mint/counting.ts';
import type { MintEntry } from '#mint/entry.ts';
import { makeMinterKey } from '#mint/keys.ts';
import { MINT_FILES, type MintPlace, mintJournal, readMintConfig } from '#mint/place.ts';

/**
 * Makes the minter's key, its journal and `mint.json`. Interrupted, it goes on where it was.
 * @returns the public key, hex. @throws SignerError `key_exists` where the directory holds a whole signer.
 */
export async function createMintSigner(
  place: MintPlace,
  by: { config: MintConfig; unlock: Unlock; random: Random; now: number },
): Promise<string> {
  const { dir, disk } = place;
  if ((await disk.stat(MINT_FILES.config(dir))) !== undefined)
    throw new SignerError('key_exists', `${dir} holds a minter's signer already: take another directory`);
  const key = await makeMinterKey(place, { number: 1, unlock: by.unlock, random: by.random });
  const publicKey = toHex(key.publicKey);
  const journal = mintJournal(place);
  if (!(await Journal.isBegun(journal)))
    await Journal.create(journal, opened(by.config, { at: by.now, publicKey, key: 1, floors: [] }));
  await disk.writeAtomic(MINT_FILES.config(dir), formatMintConfig(by.config));
  return publicKey;
}

/** Fewer than two people could be one thief. */
const RESTARTERS = 2;

/**
 * Starts a new journal after the old one was lost or damaged. What was signed before is not known any more, so epochs up to
 * the last that the chains have are signed no more; two people say which those are, as read from all ten chains.
 * @throws SignerError `bad_argument` where the journal is intact, `mint_plan_unapproved`.
 */
export async function restartMintJournal(
  place: MintPlace,
  by: { approvals: readonly Uint8Array[]; now: number },
): Promise<readonly number[]> {
  const { dir, disk } = place;
  const config = await readMintConfig(place);
  const lock = await disk.lock?.(dir);
  try {
    if (await isIntact(place))
      throw new SignerError(
        'bad_argument',
        `${MINT_FILES.journal(dir)} is intact: there is no reason to start another`,
      );
    const { epochs } = requirePersons(restartApprovalKind, by.approvals, {
      ...{ config, needed: Math.max(RESTARTERS, config.people), what: 'a new journal' },
      textOf: (body) => `a journal from epochs ${body.epochs}`,
      besides: ({ approver, body }) =>
        body.epochs.length === MINT_CHAINS
          ? undefined
          : `'${approver.name}' approved the last epochs of ${body.epochs.length} chains, ${MINT_CHAINS} are needed`,
    }).body;
    const newest = await newestKey(place);
    await Journal.restart(mintJournal(place), opened(config, { at: by.now, ...newest, floors: epochs }));
    return epochs;
  } finally {
    await lock?.release();
  }
}

function opened(
  config: MintConfig,
  more: { at: number; publicKey: string; key: number; floors: readonly number[] },
): MintEntry {
  const { networkId } = config;
  return { kind: 'mint-opened', networkId, contract: contractOf(config), ...more };
}

/** The one in force, unless a rotation broke off: then the one that it was to. */
async function newestKey({ dir, disk }: MintPlace): Promise<{ publicKey: string; key: number }> {
  let key = 1;
  while ((await disk.stat(MINT_FILES.key(dir, key + 1))) !== undefined) key += 1;
  return { publicKey: (await readKeyFile(MINT_FILES.key(dir, key), disk)).publicKey, key };
}

async function isIntact(place: MintPlace): Promise<boolean> {
  try {
    await readJournal(mintJournal(place));
    return true;
  } catch (error) {
    if (error instanceof SignerError && error.code.startsWith('journal_')) return false;
    throw error;
  }
}
