import { control, type Faults, Field, FormFault, type Typed, typedOf } from '../../console/form.tsx';
import { Panel } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import type { ShownHost } from '../desk.ts';
import { BootstrapFrame, OwnerAndTags, RootNote } from './parts.tsx';

export interface Again {
  readonly typed?: Typed;
  readonly faults?: Faults;
}

/** Step 1: which host. Nothing is sent to it but a question for its key. */
export function PlacePage({ typed, faults = {} }: Again) {
  const text = (name: string) => ({ ...control(name, faults[name]), value: typedOf(typed, name) });
  return (
    <BootstrapFrame tab="one" aside="a bare host becomes a node, over SSH">
      <Panel id="place" title="1. Which host" aside="its key is shown before anything is sent to it">
        <form method="post" action={href('/bootstrap')} class="form">
          <FormFault faults={faults} />
          <div class="form-row">
            <Field name="host" label="Host" fault={faults['host']}>
              <input
                {...text('host')}
                maxlength={253}
                required
                autofocus
                autocomplete="off"
                spellcheck={false}
              />
            </Field>
            <Field name="port" label="Port" fault={faults['port']}>
              <input
                {...control('port', faults['port'])}
                value={typedOf(typed, 'port') || '22'}
                type="number"
                min={1}
                max={65_535}
                required
              />
            </Field>
          </div>
          <Field
            name="user"
            label="User"
            hint="root, or one who may become root by sudo, and then does so without a password."
            fault={faults['user']}
          >
            <input
              {...control('user', faults['user'], true)}
              value={typedOf(typed, 'user') || 'root'}
              maxlength={32}
              required
              autocomplete="off"
              spellcheck={false}
            />
          </Field>
          <Field name="label" label="Name" hint="Empty for one by its id." fault={faults['label']}>
            <input
              {...control('label', faults['label'], true)}
              value={typedOf(typed, 'label')}
              maxlength={56}
              autocomplete="off"
            />
          </Field>
          <OwnerAndTags typed={typed} faults={faults} />
          <div>
            <button type="submit" class="primary">
              Show its key
            </button>
          </div>
        </form>
      </Panel>
    </BootstrapFrame>
  );
}

/** What step 1 asked, carried on as it was typed. */
const CARRIED = ['host', 'port', 'user', 'owner', 'label', 'tags'] as const;

/** Step 2: the host's key, and by what we sign in once. What was typed as a secret is not shown again. */
export function KeyPage({ shown, typed, faults = {} }: { shown: ShownHost; typed: Typed; faults?: Faults }) {
  const { place, key, pinned } = shown;
  const changed = pinned !== undefined && pinned !== key.fingerprint;
  return (
    <BootstrapFrame tab="one" aside={`${typedOf(typed, 'user')} on ${place}`}>
      <Panel id="host-key" title="2. Is this the key of the host?" aside={key.type}>
        <div class="host-key">
          <p class="key-print">
            <code>{key.fingerprint}</code>
          </p>
          {changed && (
            <p class="warning" role="alert">
              Before, <code>{pinned}</code> was accepted for this host. Either it was set up anew, or somebody
              else answers in its place.
            </p>
          )}
          {pinned === key.fingerprint && <p>It is the one that was accepted before.</p>}
          <p class="field-hint">
            On the host itself: <code>ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub</code>
          </p>
          <form method="post" action={href('/bootstrap/begin')} class="form" autocomplete="off">
            <FormFault faults={faults} hidden={[...CARRIED, 'fingerprint']} />
            {CARRIED.map((name) => (
              <input type="hidden" name={name} value={typedOf(typed, name)} />
            ))}
            <input type="hidden" name="fingerprint" value={key.fingerprint} />
            <Field
              name="password"
              label="One-time password"
              hint="Sealed until our own key is on the host, then forgotten."
              fault={faults['password']}
            >
              <input
                {...control('password', faults['password'], true)}
                type="password"
                maxlength={1000}
                autocomplete="off"
              />
            </Field>
            <Field
              name="key"
              label="or a private key"
              hint="OpenSSH, without passphrase; forgotten likewise."
              fault={faults['key']}
            >
              <textarea
                {...control('key', faults['key'], true)}
                rows={4}
                maxlength={8000}
                autocomplete="off"
                spellcheck={false}
              />
            </Field>
            <RootNote user={typedOf(typed, 'user')} />
            <div class="acts">
              <button type="submit" class="primary">
                Accept the key and begin
              </button>
              <a href={href('/bootstrap')}>Another host</a>
            </div>
          </form>
        </div>
      </Panel>
    </BootstrapFrame>
  );
}
