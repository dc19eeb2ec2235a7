import { text } from 'node:stream/consumers';
import { complaintError, endOf, spawnSigner } from '#client/process.ts';

/** How a sealed key is opened; a terminal is asked where none is given. */
export interface OwnerKeyRun {
  readonly keyFile?: string | undefined;
  readonly passphraseFile?: string | undefined;
  /** Where questions to the person go. */
  readonly ask: (question: string) => void;
  /** Program and first arguments of the signer; by default its sources under this Node. */
  readonly command?: readonly string[] | undefined;
}

/** Byte strings are hex. */
export interface OwnerKeyReport {
  readonly file: string;
  readonly publicKey: string;
  readonly fingerprint: string;
}

/** Makes an owner's key in a sealed file. @throws SignerError with the signer's own code and words. */
export function initOwnerKey(file: string, run: OwnerKeyRun): Promise<OwnerKeyReport> {
  return ownerKey(['init', '--file', file, ...unlocking(run)], run);
}

/** The public half; opens nothing. @throws SignerError. */
export function showOwnerKey(file: string, run: OwnerKeyRun): Promise<OwnerKeyReport> {
  return ownerKey(['show', '--file', file], run);
}

/** @returns `change`: the sealed change in base64url. @throws SignerError. */
export function signOwnerKeyChange(
  change: { file: string; owner: string; region: string; serial: string; next: string },
  run: OwnerKeyRun,
): Promise<{ change: string }> {
  const fields = Object.entries(change).flatMap(([name, value]) => [`--${name}`, value]);
  return ownerKey(['sign-change', ...fields, ...unlocking(run)], run);
}

/**
 * Signs a draft of an order, which is told in words through `ask` before.
 * @returns `order`: sealed, in base64url. @throws SignerError.
 */
export function signOrder(
  { file, order }: { file: string; order: string },
  run: OwnerKeyRun,
): Promise<{ order: string; orderId: string; nodes: number }> {
  return ownerKey(['sign-order', '--file', file, '--order', order, ...unlocking(run)], run);
}

/** Byte strings are hex. */
export interface OpenedBackup {
  readonly sha256: string;
  readonly bytes: number;
  readonly node: string;
  readonly snapshot: string;
}

/** Verifies a backup, and writes its tar archive where `out` says. @throws SignerError `archive_damaged`, `archive_for_others`. */
export function openBackup(
  { file, archive, out, sha256 }: { file: string; archive: string; out?: string; sha256?: string },
  run: OwnerKeyRun,
): Promise<OpenedBackup> {
  const wanted = Object.entries({ out, sha256 }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  );
  return ownerKey(['open-backup', '--file', file, '--archive', archive, ...wanted, ...unlocking(run)], run);
}

function unlocking({ keyFile, passphraseFile }: OwnerKeyRun): string[] {
  return [
    ...(keyFile === undefined ? [] : ['--key-file', keyFile]),
    ...(passphraseFile === undefined ? [] : ['--passphrase-file', passphraseFile]),
  ];
}

/** In a process of its own at the same terminal: a passphrase goes from the keyboard to the signer, not through here. */
async function ownerKey<T>(args: readonly string[], { ask, command }: OwnerKeyRun): Promise<T> {
  const child = spawnSigner(command, ['owner-key', ...args], 'inherit');
  let complaint = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    // Its last word is an error in JSON; what comes before are questions, and what an order says.
    const at = complaint !== '' || chunk.startsWith('{') ? 0 : chunk.indexOf('\n{') + 1;
    const words = at === 0 && complaint === '' && !chunk.startsWith('{') ? chunk : chunk.slice(0, at);
    if (words !== '') ask(words);
    complaint += chunk.slice(words.length);
  });
  const [output] = await Promise.all([text(child.stdout!), endOf(child)]);
  if (child.exitCode === 0) return JSON.parse(output) as T;
  throw complaintError(complaint, `the owner key at ${args[2]}`);
}
