import { ORDER_WORDS, ParameterFields, PlanView, type RunForm } from '#jobs/index.ts';
import type { RequiredChainweb } from '#nodes/index.ts';
import { control, Field } from '../../console/form.tsx';
import { absolute, number } from '../../console/format.ts';
import { Panel } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import type { UpgradePlan } from '../upgrade-desk.ts';
import { RingsPlan } from './list-page.tsx';

export interface UpgradeView {
  readonly version: string;
  readonly form: RunForm;
  /** What it would touch; undefined until the form is complete. */
  readonly plan: UpgradePlan | undefined;
  /** The signed order that it will run under, 32 hex digits. */
  readonly orderId: string | undefined;
  readonly required: RequiredChainweb | undefined;
  /** Why the last try was not taken. */
  readonly fault: string | undefined;
}

const PATH = '/admin/rollouts/chainweb';

/** Another version of chainweb-node, ring by ring: what, to whom, signed, begun. */
export function UpgradePage({ view }: { view: UpgradeView }) {
  const { fault, plan, required } = view;
  return (
    <>
      <header class="title">
        <h1>Upgrade chainweb-node</h1>
        <p>
          <a href={href('/admin/rollouts')}>All rollouts</a>
        </p>
      </header>
      {fault !== undefined && (
        <p class="warning" role="alert">
          {fault}
        </p>
      )}
      <div class="stack">
        <Panel
          id="what"
          title="What, and where"
          aside={required && `${required.version} is required by ${absolute(required.by)}`}
        >
          <p>
            Ring by ring, as releases of the agent: one order names all nodes, and your key signs it. Each
            node makes a backup, and puts its former program back where the new one does not reach the tip.
          </p>
          <WhatForm view={view} />
        </Panel>
        {plan && (
          <Panel
            id="radius"
            title="Blast radius"
            aside={plan.jobs.owners > 1 ? `${number(plan.jobs.owners)} owners` : plan.jobs.owner}
          >
            <PlanView plan={plan.jobs} />
            {plan.jobs.nodes === 0 ? (
              <p>No node would get it.</p>
            ) : (
              <div class="stack">
                <RingsPlan rings={plan.rings} />
                <Confirm view={view} plan={plan} />
              </div>
            )}
          </Panel>
        )}
      </div>
    </>
  );
}

function WhatForm({ view: { form, version } }: { view: UpgradeView }) {
  const { q, params, faults } = form;
  return (
    <form method="get" action={href(PATH)} class="form">
      <Field
        name="version"
        label="Version"
        hint="that the new chainweb-node reports; older ones are asked"
        fault={faults['version']}
      >
        <input
          {...control('version', faults['version'], true)}
          value={version}
          maxlength={40}
          required
          autocomplete="off"
        />
      </Field>
      <ParameterFields kind="stoachain-upgrade" params={params} faults={faults} />
      <Field
        name="q"
        label="Nodes"
        hint={
          <>
            in the <a href={href('/nodes/selectors')}>language of the search</a>; nothing: all that run an
            older one
          </>
        }
        fault={faults['q']}
      >
        <input
          {...control('q', faults['q'], true)}
          value={q}
          maxlength={1000}
          autocomplete="off"
          spellcheck={false}
        />
      </Field>
      <button type="submit" class="primary">
        Show what it would do
      </button>
    </form>
  );
}

function Confirm({ view: { form, version, orderId }, plan }: { view: UpgradeView; plan: UpgradePlan }) {
  const { jobs } = plan;
  return (
    <form method="post" action={href(PATH)} class="confirm-act">
      <input type="hidden" name="version" value={version} />
      <input type="hidden" name="q" value={form.q} />
      {Object.entries(form.params).map(([name, value]) => (
        <input type="hidden" name={`p.${name}`} value={value} />
      ))}
      <input type="hidden" name="shown" value={String(jobs.nodes)} />
      {orderId !== undefined && <input type="hidden" name="order" value={orderId} />}
      {jobs.needsApproval && (
        <p>So many nodes take a second approver: nothing begins before another admin has looked at it.</p>
      )}
      <p>
        {orderId === undefined ? `${ORDER_WORDS.owner} It is good for seven days.` : 'The order is signed.'}
      </p>
      <button type="submit" class="primary is-grave">
        {orderId === undefined ? 'Write the order, and sign it' : `Roll ${version} out, ring by ring`}
      </button>
      <a href={href('/admin/rollouts')}>Leave them as they are</a>
    </form>
  );
}
