import { fromHex, ProtocolError, remembered } from '@stoa/protocol';
import { portableCrypto } from '@stoa/protocol/portable';
import { evidenceParties, type HourReport, readEvidenceFile, verifyEvidence } from '@stoa/protocol/stoicism';
import { element, found } from './element.ts';
import { ReaderError, refused, textOf } from './evidence-text.ts';
import { keysView } from './keys-view.ts';
import { publishedRoots } from './published-roots.ts';
import { comparison, hourView, summaryOf } from './report-view.ts';

/*
 * The page that verifies what a node earned. The file is read here and stays here: all that the hub is asked for are the roots
 * that it published of the file's hours, which are the same for everybody.
 */

const form = found(document, 'form[data-verify=form]', HTMLFormElement);
const status = found(form, '[data-verify=status]', HTMLElement);
const button = found(form, 'button[type=submit]', HTMLButtonElement);
const verdict = found(document, '#verdict', HTMLElement);
const fields = {
  file: found(form, 'input[name=file]', HTMLInputElement),
  text: found(form, 'textarea[name=text]', HTMLTextAreaElement),
  root: found(form, 'input[name=root]', HTMLInputElement),
};

/** What pages of the console link: a download of this hub, named behind the `#`, which browsers send to nobody. */
const LINKED = /^#((?:\/o\/[^/]+)?\/nodes\/[0-9a-f]{64}\/receipts\/[0-9-]{1,10}\.json)$/;
const linked = LINKED.exec(location.hash)?.[1];

async function evidenceText(): Promise<string> {
  const [file] = fields.file.files ?? [];
  if (file !== undefined) return await textOf(file);
  if (fields.text.value.trim() !== '') return fields.text.value;
  if (linked === undefined) throw new ReaderError('Choose a file, or paste what is in it.');
  const answer = await fetch(linked, { headers: { accept: 'application/json' } });
  if (answer.ok) return await answer.text();
  throw refused(answer.status);
}

function trusted(): { readonly fingerprint: Uint8Array; readonly typed: boolean } {
  const typed = fields.root.value.trim().toLowerCase();
  if (typed === '') return { fingerprint: fromHex(form.dataset['root'] ?? ''), typed: false };
  if (/^[0-9a-f]{64}$/.test(typed)) return { fingerprint: fromHex(typed), typed: true };
  throw new ReaderError('A fingerprint is 64 hex digits.');
}

async function verify(): Promise<void> {
  const file = readEvidenceFile(await evidenceText());
  const { fingerprint, typed } = trusted();
  const crypto = remembered(portableCrypto);
  const parties = evidenceParties(file, { rootFingerprint: fingerprint }, crypto);
  const asked = await publishedRoots(
    file.hours.map(({ hubHour }) => hubHour),
    (path, init) => fetch(path, init),
  );
  const policy = { rootFingerprint: fingerprint, ...asked };
  const reports: HourReport[] = [];
  const list = element('div', { class: 'verified-hours' });
  const summary = element('p', { class: 'verify-summary' });
  const named = form.dataset['root'] ?? '';
  verdict.replaceChildren(summary, list, keysView(file, parties, { named, typed }));
  verdict.hidden = false;
  for (const report of verifyEvidence(file, policy, crypto)) {
    reports.push(report);
    list.append(hourView(report));
    status.textContent = `${reports.length} of ${file.hours.length} hours`;
    // The page stays alive, and shows what it has.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  summary.textContent = `${summaryOf(reports)}${comparison(asked, file.hours.length)}`;
  verdict.focus();
}

/** One at a time: what was begun is brought to its end before another file is taken. */
async function run(): Promise<void> {
  button.disabled = true;
  status.textContent = 'Verifying …';
  try {
    await verify();
    status.textContent = '';
  } catch (error) {
    if (!(error instanceof ReaderError || error instanceof ProtocolError)) throw error;
    verdict.hidden = true;
    status.textContent = error.message;
  } finally {
    button.disabled = false;
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void run();
});
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  const files = event.dataTransfer?.files;
  if (files === undefined || files.length === 0 || button.disabled) return;
  fields.file.files = files;
  void run();
});

found(document, '[data-verify=off]', HTMLElement).hidden = true;
form.hidden = false;
if (linked !== undefined) void run();
