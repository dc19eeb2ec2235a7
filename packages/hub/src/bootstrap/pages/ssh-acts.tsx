import { Act, control, type Faults, Field } from '../../console/form.tsx';
import { Panel } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import { SSH_KINDS } from '../kinds.ts';

const PLAIN = [
  { kind: 'agent-recover', word: 'Recover the agent' },
  { kind: 'agent-install', word: 'Install the agent' },
] as const;
const SEATING = [
  { kind: 'key-reseat', word: 'Re-seat our key' },
  { kind: 'sudoers-repair', word: 'Repair sudo' },
] as const;

/** Each is a job of its own, under a fresh confirmation. */
export function SshActs({ nodeId, faults }: { nodeId: string; faults: Faults }) {
  const path = (kind: string) => `/nodes/${nodeId}/ssh/${kind}`;
  return (
    <Panel id="ssh-acts" title="Over SSH" aside="for what its agent can't do">
      {PLAIN.map(({ kind, word }) => (
        <div class="ssh-act">
          <p>{sentence(SSH_KINDS[kind].doc)}</p>
          <Act path={path(kind)} word={word} />
        </div>
      ))}
      {SEATING.map(({ kind, word }) => (
        <form method="post" action={href(path(kind))} class="form ssh-act" autocomplete="off">
          <p>{sentence(SSH_KINDS[kind].doc)}</p>
          <div class="field">
            <label for={`${kind}-password`}>One-time password, where our key is not taken</label>
            <input
              id={`${kind}-password`}
              name="password"
              type="password"
              maxlength={1000}
              autocomplete="off"
            />
          </div>
          <div>
            <button type="submit" class="quiet">
              {word}
            </button>
          </div>
        </form>
      ))}
      <form method="post" action={href(path('firewall-bootstrap'))} class="form ssh-act">
        <p>{sentence(SSH_KINDS['firewall-bootstrap'].doc)}</p>
        <Field
          name="allow"
          label="TCP ports that stay open"
          hint="Commas between; the one of SSH stays open too."
          fault={faults['allow']}
        >
          <input
            {...control('allow', faults['allow'], true)}
            value="1789"
            maxlength={200}
            autocomplete="off"
            spellcheck={false}
          />
        </Field>
        <div class="acts">
          <button type="submit" class="quiet">
            Set the firewall
          </button>
          <button type="submit" class="quiet" formaction={href(path('firewall-reconcile'))}>
            Reconcile it
          </button>
        </div>
      </form>
    </Panel>
  );
}

function sentence(doc: string): string {
  return `${doc.charAt(0).toUpperCase()}${doc.slice(1)}.`;
}
