import { challengeText, type PayoutChallenge } from '@stoa/protocol/stoicism';
import { Act, control, Field, FormFault, typedOf } from '../console/form.tsx';
import { absolute } from '../console/format.ts';
import { Ago, Facts, Panel } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { SettingsTabs } from '../console/settings-tabs.tsx';
import { AccountName, type Refused } from './parts.tsx';
import type { Proof } from './proof-store.ts';

export interface ProofView {
  readonly accountId: string;
  readonly account: string;
  /** By this person. */
  readonly proof: Proof | undefined;
  /** What waits for a signature. */
  readonly challenge: PayoutChallenge | undefined;
  /** Why no proof can be taken here; undefined where it can. */
  readonly obstacle: string | undefined;
  readonly now: number;
  readonly refused: Refused | undefined;
}

/** The proof that an account is somebody's: a text to sign, and where its signature goes. */
export function ProofPage({ view }: { view: ProofView }) {
  const { account, proof, challenge, obstacle, now } = view;
  return (
    <article class="settings">
      <p class="crumb">
        <a href={href('/settings/payout')}>Payout</a>
      </p>
      <div class="title">
        <h1>Whose account</h1>
      </div>
      <SettingsTabs active="payout" />
      <p class="lead">
        <AccountName account={account} />
      </p>
      <div class="stack">
        {proof !== undefined && (
          <Panel id="proof" title="Proven" aside={<Ago at={proof.provenAt} now={now} />}>
            <Proven proof={proof} />
          </Panel>
        )}
        <Panel
          id="prove"
          title={proof === undefined ? 'Prove that it is yours' : 'Prove it anew'}
          aside={challenge && `until ${absolute(challenge.expiresAt * 1_000)}`}
        >
          {obstacle === undefined ? <Prove view={view} /> : <p class="warning">{obstacle}</p>}
        </Panel>
      </div>
    </article>
  );
}

function Proven({ proof }: { proof: Proof }) {
  return (
    <Facts
      facts={[
        { name: 'Keys', value: `${proof.guard.pred} of ${proof.guard.keys.length}` },
        { name: 'Signed by', value: proof.signatures.map(({ key }) => <code class="account">{key}</code>) },
        {
          name: 'Known by',
          value:
            proof.guardFrom === 'chain'
              ? `the chain, asked of ${proof.saidBy.join(' and ')}`
              : 'its name: the chain has no row of it yet',
        },
        { name: 'Signed', value: <pre tabindex={0}>{proof.challenge}</pre> },
      ]}
    />
  );
}

function Prove({ view: { accountId, challenge, refused } }: { view: ProofView }) {
  if (challenge === undefined)
    return (
      <>
        <p>
          You sign a text with the key of the account. The hub asks the chain whose key that is, and compares.
          Until then the account earns, and nothing is minted to it.
        </p>
        <Act path={`/settings/payout/${accountId}/challenge`} word="Make the text" tone="primary" />
      </>
    );
  const faults = refused?.faults ?? {};
  const text = challengeText(challenge);
  return (
    <form
      method="post"
      action={href(`/settings/payout/${accountId}`)}
      class="form payout-form"
      data-payout="prove"
      data-account={challenge.account}
      data-email={challenge.email}
      data-region={challenge.region}
      data-nonce={challenge.nonce}
      data-expires={challenge.expiresAt}
    >
      <FormFault faults={faults} hidden={['nonce']} />
      <ol class="how-to">
        <li>
          This is what you sign, and nothing else. It is no transaction: no wallet can be made to pay by it.
          <pre tabindex={0}>
            <code data-payout="text">{text}</code>
          </pre>
        </li>
        <li>
          Sign it where the key is. With the key in a file that only you can read (64 hex digits, or 128 as
          wallets export it):
          <pre tabindex={0}>
            <code>{commandOf(challenge)}</code>
          </pre>
        </li>
        <li data-payout="browser" hidden>
          Or here, since the key is in this browser:{' '}
          <button type="button" class="quiet">
            Sign it here
          </button>{' '}
          <span role="status" />
        </li>
      </ol>
      <Field
        name="signature"
        label="Signature"
        fault={faults['signature']}
        hint="128 hex digits; a line for each key, where the account takes several."
      >
        <textarea
          {...control('signature', faults['signature'], true)}
          rows={3}
          maxlength={4_000}
          required
          spellcheck={false}
        >
          {typedOf(refused?.typed, 'signature')}
        </textarea>
      </Field>
      <input type="hidden" name="nonce" value={challenge.nonce} />
      <div>
        <button type="submit" class="primary">
          Check it
        </button>
      </div>
    </form>
  );
}

/** Everything that is signed stands in it: the command builds the text by itself. */
function commandOf({ account, email, region, nonce, expiresAt }: PayoutChallenge): string {
  return [
    'stoa-hub payout sign --key-file account.key',
    `--account ${quoted(account)}`,
    `--email ${quoted(email)} --region ${quoted(region)}`,
    `--nonce ${nonce} --expires ${expiresAt}`,
  ].join(' \\\n  ');
}

/** For a shell, whatever an e-mail is allowed to hold. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
