import { toHex } from '@stoa/protocol';
import { control, type Faults, Field, FormFault, type Typed, typedOf } from '../console/form.tsx';
import { absolute } from '../console/format.ts';
import { Ago, Facts, Panel } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { SettingsTabs } from '../console/settings-tabs.tsx';
import type { OwnerKey } from './store.ts';

interface ShownKey extends OwnerKey {
  readonly fingerprint: string;
}

interface OwnerKeyView {
  /** The newest first. */
  readonly keys: readonly ShownKey[];
  readonly owner: string;
  readonly region: string;
  readonly now: number;
  readonly refused: { readonly typed: Typed; readonly faults: Faults } | undefined;
}

/** An owner's key: what it is for, the one in force, the first one, the next one. */
export function OwnerKeyPage({ keys, owner, region, now, refused }: OwnerKeyView) {
  const [standing, ...before] = keys;
  return (
    <article class="settings">
      <div class="title">
        <h1>Owner key</h1>
      </div>
      <SettingsTabs active="owner-key" />
      <p class="lead">
        Your nodes pin this key when they join. What brings code to a node or takes it from you will need its
        signature, so that a hub that was taken over can't do it alone. The hub knows the public half only.
      </p>
      <div class="stack">
        {standing === undefined ? (
          <Panel id="first" title="Your first key">
            <FirstKey refused={refused} />
          </Panel>
        ) : (
          <>
            <Panel id="standing" title="In force" aside={<Ago at={standing.since} now={now} />}>
              <Standing owner={owner} standing={standing} />
            </Panel>
            <Panel id="change-key" title="Change it" aside="takes a signature of the key in force">
              <Change {...{ standing, owner, region, refused }} />
            </Panel>
            {before.length > 0 && (
              <Panel id="history" title="Before it">
                <Facts
                  facts={before.map(({ serial, fingerprint, since, replacedAt }) => ({
                    name: `No. ${serial}`,
                    value: (
                      <>
                        <code>{fingerprint}</code> {absolute(since)} to {absolute(replacedAt ?? since)}
                      </>
                    ),
                  }))}
                />
              </Panel>
            )}
          </>
        )}
      </div>
    </article>
  );
}

const WHERE = { file: 'a sealed file', browser: 'a browser' } as const;

function Standing({ standing, owner }: { standing: ShownKey; owner: string }) {
  const publicKey = toHex(standing.publicKey);
  return (
    <div data-owner-key="standing" data-owner={owner} data-public-key={publicKey}>
      <Facts
        facts={[
          { name: 'Fingerprint', value: <code>{standing.fingerprint}</code> },
          { name: 'Public key', value: <code>{publicKey}</code> },
          { name: 'Number', value: standing.serial },
          { name: 'Made in', value: WHERE[standing.madeIn] },
        ]}
      />
      <p class="field-hint" data-owner-key="here" hidden />
      <p class="field-hint">
        <code>stoa-agent status</code> on a node prints the fingerprint that it has pinned; the node's Access
        tab shows what its agent reported. Nodes that joined before you had a key have none pinned.
      </p>
    </div>
  );
}

function FirstKey({ refused }: Pick<OwnerKeyView, 'refused'>) {
  const faults = refused?.faults ?? {};
  return (
    <form method="post" action={href('/settings/owner-key')} class="form" data-owner-key="first">
      <FormFault faults={faults} hidden={['madeIn']} />
      <ol class="how-to">
        <li>
          <strong>On your own machine:</strong> <code>stoa-hub key init</code> makes a file that only your
          passphrase opens, and prints the public half. Copy the file to a second place: without it, each node
          must be visited to change the key.
        </li>
        <li data-owner-key="browser" hidden>
          <strong>Or in this browser:</strong>{' '}
          <button type="button" class="quiet">
            Make a key here
          </button>{' '}
          <span role="status" />
          <br />
          The private half can't be copied, not even by you: clearing this browser's data for this site loses
          it.
        </li>
      </ol>
      <Field name="publicKey" label="Public key" fault={faults['publicKey']} hint="64 hex digits.">
        <input
          {...control('publicKey', faults['publicKey'], true)}
          value={typedOf(refused?.typed, 'publicKey')}
          maxlength={64}
          required
          autocomplete="off"
          spellcheck={false}
        />
      </Field>
      <input type="hidden" name="madeIn" value="file" />
      <div>
        <button type="submit" class="primary">
          This is my key
        </button>
      </div>
    </form>
  );
}

function Change({
  standing,
  owner,
  region,
  refused,
}: Omit<OwnerKeyView, 'keys' | 'now'> & { standing: ShownKey }) {
  const faults = refused?.faults ?? {};
  const serial = standing.serial + 1;
  return (
    <form
      method="post"
      action={href('/settings/owner-key/change')}
      class="form"
      data-owner-key="change"
      data-owner={owner}
      data-region={region}
      data-serial={serial}
      data-previous={toHex(standing.publicKey)}
    >
      <FormFault faults={faults} hidden={['madeIn']} />
      <ol class="how-to">
        <li>
          Make the next key: <code>stoa-hub key init --out next.key</code>
        </li>
        <li>
          Sign the change with the key in force:
          <pre tabindex={0}>
            <code>{`stoa-hub key sign-change --file owner.key \\\n  --owner ${owner} \\\n  --region ${region} --serial ${serial} \\\n  --next PUBLIC_KEY_OF_NEXT`}</code>
          </pre>
        </li>
        <li data-owner-key="browser" hidden>
          Or, where the key in force is in this browser:{' '}
          <button type="button" class="quiet">
            Make the next one here and sign
          </button>{' '}
          <span role="status" />
        </li>
      </ol>
      <Field
        name="change"
        label="Signed change"
        fault={faults['change']}
        hint="What sign-change printed, in one line."
      >
        <textarea
          {...control('change', faults['change'], true)}
          rows={4}
          required
          spellcheck={false}
          maxlength={2000}
        >
          {typedOf(refused?.typed, 'change')}
        </textarea>
      </Field>
      <input type="hidden" name="madeIn" value="file" />
      <p class="field-hint">
        Nodes follow a signed change, at once or at their next session, and no other. Without the old key, its
        pin can only be taken off on each node itself, over SSH: remove the file <code>owner-key</code> in the
        agent's data directory and enroll it anew.
      </p>
      <div>
        <button type="submit" class="primary">
          Change the key
        </button>
      </div>
    </form>
  );
}
