import type { Child } from 'hono/jsx';
import { control, type Faults, Field, FormFault, type Typed, typedOf } from '../console/form.tsx';
import { absolute, number } from '../console/format.ts';
import { Ago, Panel } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { ChecklistFacts } from './checklist.ts';
import { ChecklistPanel } from './checklist-panel.tsx';
import { MOST_NODES, TERMS } from './join-form.ts';
import type { Snippets } from './snippets.ts';
import { tokenState } from './token-ledger.ts';

/** What stands in the way of every host that would join here: told before a token is made. */
export interface Obstacle {
  readonly what: string;
  readonly fix: string;
}

/** Step 1, with what follows it. */
export function NewJoinPage({
  typed,
  faults = {},
  obstacles,
  bootstraps = false,
}: {
  typed?: Typed | undefined;
  faults?: Faults;
  obstacles: readonly Obstacle[];
  /** The viewer may have the hub sign in to the host instead. */
  bootstraps?: boolean;
}) {
  return (
    <article class="join">
      <Title bootstraps={bootstraps} />
      <Obstacles obstacles={obstacles} />
      <ol class="steps">
        <Step at={1} title="Name and tags">
          <form method="post" action={href('/join')} class="form">
            <FormFault faults={faults} />
            <Field
              name="label"
              label="Name"
              hint="Several hosts get -2, -3, … behind it."
              fault={faults['label']}
            >
              <input
                {...control('label', faults['label'], true)}
                value={typedOf(typed, 'label')}
                maxlength={56}
                required
                autofocus
                autocomplete="off"
                spellcheck={false}
              />
            </Field>
            <Field name="tags" label="Tags" hint="Spaces between: home, rack-2, lab." fault={faults['tags']}>
              <input
                {...control('tags', faults['tags'], true)}
                value={typedOf(typed, 'tags')}
                maxlength={400}
                autocomplete="off"
                spellcheck={false}
              />
            </Field>
            <div class="form-row">
              <Field name="nodes" label="Hosts" fault={faults['nodes']}>
                <input
                  {...control('nodes', faults['nodes'])}
                  value={typedOf(typed, 'nodes') || '1'}
                  type="number"
                  min={1}
                  max={MOST_NODES}
                  required
                />
              </Field>
              <Field name="minutes" label="Good for" fault={faults['minutes']}>
                <select {...control('minutes', faults['minutes'])}>
                  {TERMS.map(({ minutes, word }) => (
                    <option value={minutes} selected={minutes === (typedOf(typed, 'minutes') || '15')}>
                      {word}
                    </option>
                  ))}
                </select>
              </Field>
            </div>
            <div>
              <button type="submit" class="primary">
                Make the command
              </button>
            </div>
          </form>
        </Step>
        <Step at={2} title="One command on the host" faint />
        <Step at={3} title="Watch it come in" faint />
        <Step at={4} title="Policy and alerts" faint />
      </ol>
    </article>
  );
}

/** Steps 2 to 4 of one token. */
export function JoinPage({
  facts,
  shown,
  sha256,
  obstacles,
  now,
}: {
  facts: ChecklistFacts;
  /** With the secret in it, while the maker's browser still has it. */
  shown: Snippets | undefined;
  sha256: string;
  obstacles: readonly Obstacle[];
  now: number;
}) {
  const { token } = facts;
  return (
    <article class="join">
      <Title />
      <Obstacles obstacles={obstacles} />
      <ol class="steps">
        <Step at={1} title="Name and tags">
          <p>
            <strong>{token.label ?? 'named by the hub'}</strong>
            {token.tags.map((tag) => (
              <>
                {' '}
                <span class="mark">{tag}</span>
              </>
            ))}{' '}
            {token.maxUses > 1 && `up to ${number(token.maxUses)} hosts`}
          </p>
        </Step>
        <Step at={2} title={token.maxUses === 1 ? 'One command on the host' : 'One command on each host'}>
          <CommandStep {...{ facts, shown, sha256, now }} />
        </Step>
        <Step at={3} title="Watch it come in">
          <noscript>
            <p class="field-hint">
              <a href={href(`/join/${token.tokenId}`)}>Look again</a> to see how far it is.
            </p>
          </noscript>
          <ChecklistPanel facts={facts} now={now} />
        </Step>
        <Step at={4} title="Policy and alerts">
          <PolicyStep />
        </Step>
      </ol>
    </article>
  );
}

function Title({ bootstraps = false }: { bootstraps?: boolean }) {
  return (
    <div class="title">
      <h1>Add a node</h1>
      <p>
        {bootstraps && (
          <>
            <a href={href('/bootstrap')}>Over SSH instead</a> ·{' '}
          </>
        )}
        <a href={href('/tokens')}>Join tokens</a>
      </p>
    </div>
  );
}

function Obstacles({ obstacles }: { obstacles: readonly Obstacle[] }) {
  return (
    <>
      {obstacles.map(({ what, fix }) => (
        <p class="warning" role="alert">
          {what} {fix}
        </p>
      ))}
    </>
  );
}

function Step({
  at,
  title,
  faint = false,
  children,
}: {
  at: number;
  title: string;
  faint?: boolean;
  children?: Child;
}) {
  return (
    <li class={faint ? 'step is-faint' : 'step'}>
      <Panel id={`step-${at}`} title={title}>
        {children}
      </Panel>
    </li>
  );
}

function CommandStep({
  facts: { token },
  shown,
  sha256,
  now,
}: {
  facts: ChecklistFacts;
  shown: Snippets | undefined;
  sha256: string;
  now: number;
}) {
  const state = tokenState(token, now);
  if (state !== 'open')
    return (
      <p>
        The token is {state === 'used' ? 'used up' : state}. <a href={href('/join')}>Make another one</a>
      </p>
    );
  if (shown === undefined)
    return (
      <p>
        The command was shown once, in the browser that made it, and is stored nowhere.{' '}
        <a href={href('/join')}>Make another one</a>, or <a href={href('/tokens')}>revoke this</a>.
      </p>
    );
  return (
    <div class="join-command">
      <Snippet id="command" label="The command" text={shown.command} />
      <p class="field-hint">
        Works {token.maxUses === 1 ? 'once' : `${number(token.maxUses)} times`}, until{' '}
        {absolute(token.expiresAt)} (<Ago at={token.expiresAt} now={now} />
        ). It is a secret until then. Leave sudo out where you are root. The script’s SHA-256 is{' '}
        <code class="hash">{sha256}</code>.
      </p>
      <details>
        <summary>Read it first, and step by step</summary>
        <Snippet id="read-first" label="Step by step" text={shown.readFirst} />
        <p class="field-hint">
          The script checks the region’s signature and the archive’s checksum in any case: the token carries
          the fingerprint of the root key that both descend from. It needs openssl 3 or newer for that.
        </p>
      </details>
      <details open={token.maxUses > 1}>
        <summary>Many hosts: cloud-init, Ansible</summary>
        <Snippet id="cloud-init" label="cloud-init user data" text={shown.cloudInit} />
        <Snippet id="ansible" label="Ansible play" text={shown.ansible} />
      </details>
    </div>
  );
}

/** The button comes by script, which alone can copy. */
function Snippet({ id, label, text }: { id: string; label: string; text: string }) {
  return (
    <figure class="snippet">
      <figcaption>
        {label}
        <button type="button" class="quiet" data-copy={id} hidden>
          Copy
        </button>
      </figcaption>
      <pre id={id} tabindex={0}>
        {text}
      </pre>
    </figure>
  );
}

function PolicyStep() {
  return (
    <div class="join-after">
      <p>
        <strong>On the node</strong>: the agent of this version only reads and reports. It runs as the user{' '}
        <code>stoa</code>, without capabilities, writes to <code>/var/lib/stoa-agent</code> alone, and takes
        no work from this hub. Its settings are in <code>/opt/stoa-agent/agent.env</code>;{' '}
        <code>stoa-agent status</code> shows what it tells the hub.
      </p>
      <p>
        <strong>Alerts</strong> are on from its first heartbeat: offline for 5 minutes, behind for 10, forked,
        disk at 85 and 95 % or full within a week, a clone, a quarantine.{' '}
        <a href={href('/alerts')}>See to whom they go</a>
      </p>
    </div>
  );
}
