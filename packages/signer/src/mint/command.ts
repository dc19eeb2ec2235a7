import { fromBase64Url, type SigningKey, toHex } from '@stoa/protocol';
import { commandText, MintError, requestKey } from '@stoa/protocol/mint';
import { SignerError } from '#error.ts';
import type { MintActEntry, SignedEntry } from '#mint/entry.ts';
import { type MintRequest, type SignedCommand, subjectOf } from '#mint/request.ts';
import { priceInAnu } from '#mint/rules/gas.ts';
import { ALWAYS, FOR_NEW } from '#mint/rules/index.ts';
import { type Ask, type MintOffice, refuse } from '#mint/rules/rule.ts';

const ANU = 1e12;

/** The answer may leave the signer only after its act, if there is one, is on the medium. */
export interface MintDecision<T> {
  readonly act?: MintActEntry;
  readonly answer: T;
}

/**
 * Decides on one command. Given bytes are never signed: the text is made anew from the act and the setting. An attempt that
 * was signed before is made again from what the journal has of it, and is the same to the last byte, whatever the setting.
 * @throws SignerError by the rules.
 */
export function decideCommand(
  request: MintRequest,
  office: MintOffice,
  key: SigningKey,
): MintDecision<SignedCommand> {
  const ask: Ask = { ...request, subject: subjectOf(request.act, request.setting.chain) };
  for (const rule of ALWAYS) rule(ask, office);
  const known = office.state.attemptsOf(ask.subject.name)[request.setting.attempt];
  if (known !== undefined) return { ...leadership(ask, office), answer: sign(again(ask, known), key) };
  for (const rule of FOR_NEW) rule(ask, office);
  const text = textOf(ask);
  return { act: entryOf(ask, requestKey(text)), answer: sign(text, key) };
}

/** Also who is given old bytes leads from then on, and nobody of before. */
function leadership(
  { ground: { leaseEpoch } }: Ask,
  { state }: MintOffice,
): Pick<MintDecision<unknown>, 'act'> {
  return leaseEpoch > state.lease ? { act: { kind: 'lease-seen', lease: leaseEpoch } } : {};
}

function again(ask: Ask, { requestKey: hash, gasPrice, gasLimit, creationTime, ttl }: SignedEntry): string {
  const setting = { ...ask.setting, gasPrice: gasPrice / ANU, gasLimit, creationTime, ttl };
  const text = textOf({ ...ask, setting });
  if (requestKey(text) === hash) return text;
  return refuse(
    'mint_command_lost',
    `${ask.subject.name}, attempt ${setting.attempt}, was signed as ${hash} by another key or version: wait for its end, ${creationTime + ttl}, and ask for the next attempt`,
  );
}

function textOf({ act, setting }: Pick<MintRequest, 'act' | 'setting'>): string {
  try {
    return commandText(act, setting);
  } catch (cause) {
    if (!(cause instanceof MintError)) throw cause;
    throw new SignerError('mint_bad_act', `the mint's signer refuses: ${cause.message}`, { cause });
  }
}

function sign(cmd: string, key: SigningKey): SignedCommand {
  const hash = requestKey(cmd);
  return { cmd, hash, sigs: [{ sig: toHex(key.sign(fromBase64Url(hash))) }] };
}

function entryOf({ act, setting, ground, subject }: Ask, hash: string): MintActEntry {
  const { chain, attempt, gasLimit, creationTime, ttl } = setting;
  return {
    kind: 'command-signed',
    subject: subject.name,
    content: subject.content,
    act: act.kind,
    epoch: act.kind === 'enrol' ? 0 : act.epoch,
    ...{ chain, attempt, amount: amountOf(act), requestKey: hash },
    ...{ gasPrice: priceInAnu(setting.gasPrice), gasLimit, creationTime, ttl },
    lease: ground.leaseEpoch,
  };
}

function amountOf(act: MintRequest['act']): number {
  if (act.kind === 'mint') return act.sum;
  return act.kind === 'enrol' ? act.accounts.length : 0;
}
