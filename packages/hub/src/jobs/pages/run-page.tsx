import { number } from '../../console/format.ts';
import { Panel } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import { type JobPlan, LEFT_OUT, type Share } from '../planner.ts';
import { KindForm, type RunForm } from './kind-form.tsx';
import { JobsFrame, nodesWord } from './parts.tsx';

export interface RunPageProps {
  readonly form: RunForm;
  /** What it would do; undefined until the form is complete. */
  readonly plan: JobPlan | undefined;
  /** Of this page's making: the form sent twice is one submit. */
  readonly batchId: string;
  /** The signed order that it will run under, 32 hex digits. */
  readonly orderId: string | undefined;
  /** Why the last try was not taken. */
  readonly fault?: string | undefined;
}

/** Choose, look at what it would touch, do it. */
export function RunPage({ form, plan, batchId, orderId, fault }: RunPageProps) {
  return (
    <JobsFrame tab="run">
      {fault !== undefined && (
        <p class="warning" role="alert">
          {fault}
        </p>
      )}
      <div class="stack">
        <Panel id="what" title="What, and where">
          <KindForm form={form} />
        </Panel>
        {plan && (
          <Panel
            id="radius"
            title="Blast radius"
            aside={plan.owners > 1 ? `${number(plan.owners)} owners` : plan.owner}
          >
            <PlanView plan={plan} />
            {plan.nodes === 0 ? (
              <p>No node would get it.</p>
            ) : (
              <Confirm {...{ form, plan, batchId, orderId }} />
            )}
          </Panel>
        )}
      </div>
    </JobsFrame>
  );
}

/** Who would get it, and why others do not. */
export function PlanView({ plan }: { plan: JobPlan }) {
  return (
    <>
      <p>
        The selector finds {nodesWord(plan.found)}; {plan.nodes === plan.found ? 'all' : number(plan.nodes)}{' '}
        of them would get it
        {plan.offline > 0 && `, ${number(plan.offline)} of these when they connect again`}.
      </p>
      {plan.leftOut.length > 0 && (
        <ul class="left-out">
          {plan.leftOut.map(({ reason, nodes }) => (
            <li>
              <strong>{nodesWord(nodes)}</strong> left out: {LEFT_OUT[reason]}
              {reason === 'forbidden' && plan.rules.length > 0 && (
                <>
                  {' '}
                  (
                  {plan.rules.map(({ name, nodes: count }, index) => (
                    <>
                      {index > 0 && ', '}
                      <code>{name}</code> {number(count)}
                    </>
                  ))}
                  )
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      <div class="radius">
        <Shares title="Regions" shares={plan.regions} />
        <Shares title="Versions" shares={plan.versions} />
        <div>
          <h3>Nodes</h3>
          <ul>
            {plan.sample.map(({ nodeId, label }) => (
              <li>
                <a href={href(`/nodes/${nodeId}`)}>{label}</a>
              </li>
            ))}
            {plan.nodes > plan.sample.length && <li>and {number(plan.nodes - plan.sample.length)} more</li>}
          </ul>
        </div>
      </div>
    </>
  );
}

function Shares({ title, shares }: { title: string; shares: readonly Share[] }) {
  return (
    <div>
      <h3>{title}</h3>
      <ul>
        {shares.map(({ name, nodes }) => (
          <li>
            {name} <span class="count">{number(nodes)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Confirm({
  form,
  plan,
  batchId,
  orderId,
}: Pick<RunPageProps, 'form' | 'batchId' | 'orderId'> & { plan: JobPlan }) {
  const unsigned = plan.order !== undefined && orderId === undefined;
  return (
    <form method="post" action={href('/jobs/run')} class="confirm-act">
      <input type="hidden" name="kind" value={form.kind} />
      <input type="hidden" name="q" value={form.q} />
      {Object.entries(form.params).map(([name, value]) => (
        <input type="hidden" name={`p.${name}`} value={value} />
      ))}
      <input type="hidden" name="shown" value={String(plan.nodes)} />
      <input type="hidden" name="batch" value={batchId} />
      {orderId !== undefined && <input type="hidden" name="order" value={orderId} />}
      {plan.needsApproval && (
        <p>So many nodes take a second approver: nothing begins before another admin has looked at it.</p>
      )}
      {plan.order !== undefined && (
        <p>{orderId === undefined ? ORDER_WORDS[plan.order] : 'The order is signed.'}</p>
      )}
      <button type="submit" class={plan.order === undefined ? 'primary' : 'primary is-grave'}>
        {unsigned ? 'Write the order, and sign it' : `${form.kind}: ${nodesWord(plan.nodes)}`}
      </button>
      <a href={href('/jobs')}>Leave them as they are</a>
    </form>
  );
}

export const ORDER_WORDS = {
  'owner-or-admin': 'It takes an order, signed by the key of the nodes’ owner or of an admin.',
  owner:
    'It brings code: it takes an order that the key of the nodes’ owner signed, or the key of an admin whom their local policy names.',
} as const;
