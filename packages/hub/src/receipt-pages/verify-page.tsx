import { Panel } from '../console/parts.tsx';
import type { Program } from './program.ts';

export const VERIFY_PATH = '/explorer/receipts/verify';
export const PROGRAM_PATH = '/explorer/receipts/verify.js';

export interface VerifyView {
  readonly region: string;
  /** Fingerprint of the root that this hub descends from, hex. */
  readonly root: string;
  readonly program: Program;
}

/** Where an operator has a day checked by their own browser. Without script it says how else to do it. */
export function VerifyPage({ view }: { view: VerifyView }) {
  return (
    <div class="public verify">
      <p class="crumb">
        <a href="/explorer/receipts">Receipts</a>
      </p>
      <header class="title">
        <h1>Verify what a node earned</h1>
      </header>
      <p class="lead">
        This page recomputes hours of one node from what was signed then. The file is read by this browser and
        stays in it: nothing of it is sent anywhere, not to this hub either. All that the hub is asked for are
        the roots that it published of those hours.
      </p>
      <Panel id="evidence" title="The evidence">
        <VerifyForm view={view} />
      </Panel>
      <section id="verdict" class="stack" aria-live="polite" tabindex={-1} hidden />
      <Panel id="words" title="Whose word is it">
        <Words />
      </Panel>
      <Panel id="program" title="What this page can’t tell">
        <p>
          The program came from this hub. A hub that lies about receipts could send a program that says they
          match. The agent on your node checks the same by the same rules, without any page:
        </p>
        <pre tabindex={0}>
          <code>stoa-agent earnings verify 2026-11-25</code>
        </pre>
        <p>
          Who builds the sources compares the SHA-256 of{' '}
          <a href={PROGRAM_PATH} download>
            the program
          </a>
          : <code class="address">{view.program.sha256}</code>
        </p>
      </Panel>
      <script src={`${PROGRAM_PATH}?${view.program.sha256.slice(0, 16)}`} defer />
    </div>
  );
}

function VerifyForm({ view: { region, root } }: { view: VerifyView }) {
  return (
    <>
      <div class="stack" data-verify="off">
        <p>Your browser runs no program of this page. On the node itself this needs no browser:</p>
        <pre tabindex={0}>
          <code>stoa-agent earnings verify 2026-11-25</code>
        </pre>
      </div>
      <form class="form" data-verify="form" data-region={region} data-root={root} hidden>
        <div class="field">
          <label for="file">File</label>
          <input
            id="file"
            name="file"
            type="file"
            accept=".json,application/json"
            aria-describedby="file-hint"
          />
          <p class="field-hint" id="file-hint">
            What <code>stoa-agent earnings verify DAY --export FILE</code> wrote on the node, or what its
            Earnings tab downloads. It may be dropped anywhere on this page.
          </p>
        </div>
        <details>
          <summary>Paste it instead</summary>
          <div class="field">
            <label for="text">Text of the file</label>
            <textarea id="text" name="text" rows={6} spellcheck={false} autocomplete="off" />
          </div>
        </details>
        <div class="field">
          <label for="root">Fingerprint of the root key that you trust</label>
          <input
            id="root"
            name="root"
            type="text"
            spellcheck={false}
            autocomplete="off"
            maxlength={64}
            placeholder={root}
            aria-describedby="root-hint"
          />
          <p class="field-hint" id="root-hint">
            64 hex digits, as your node printed them behind “root” when it joined. Left empty, the one that
            this hub names is taken, and all rests on it.
          </p>
        </div>
        <div class="acts">
          <button type="submit" class="primary">
            Verify
          </button>
          <span role="status" data-verify="status" />
        </div>
      </form>
    </>
  );
}

const WORDS: readonly (readonly [what: string, by: string])[] = [
  ['Which minutes count', 'both sides: the node signed them in its checkpoint, the hub in its receipt'],
  [
    'Gates 3 to 6: tip, warm-up, commitment, arguments',
    'recomputed here from the node’s own log, whose digest the node signed in that hour',
  ],
  ['The heads that gate 3 is measured by', 'the hub’s word'],
  ['Gate 1, the payout account', 'the hub’s word; the receipt names the account'],
  ['Gate 2 and the score', 'recomputed from the signed benchmark where the file has it; else the hub’s word'],
  ['Gate 7, serving', 'the word of the node that dialled back; it signs under its own key'],
  ['Points', 'recomputed here: paid minutes × 60,000 × score'],
  [
    'That everybody was shown the same receipts',
    'the root of the hour, signed by an instance of the region and published here',
  ],
];

function Words() {
  return (
    <dl class="facts verify-words">
      {WORDS.map(([what, by]) => (
        <>
          <dt>{what}</dt>
          <dd>{by}</dd>
        </>
      ))}
    </dl>
  );
}
