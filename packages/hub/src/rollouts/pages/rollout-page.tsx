import { Act, control, Field } from '../../console/form.tsx';
import { number } from '../../console/format.ts';
import { Ago, Facts, Panel, Table } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import type { PauseAllState } from '../pause-all.ts';
import { actsOn, type CourseAct, type GateCheck, RINGS } from '../plan/index.ts';
import type { StuckNode } from '../reader.ts';
import type { RingProgress, Rollout } from '../rollout.ts';
import { About } from './about-panel.tsx';
import { Meter, StateWord } from './parts.tsx';

export const ROLLOUT_HEAD = 'rollout-head';

export interface RolloutView {
  readonly rollout: Rollout;
  readonly pauseAll: PauseAllState;
  readonly stuck: readonly StuckNode[];
  readonly now: number;
}

const CHECKS: Readonly<Record<GateCheck['name'], string>> = {
  answered: 'All have answered',
  soak: 'Watched for long enough',
  reported: 'The new version is heard',
  failures: 'Failures are chance',
  control: 'As the control group',
};
/** What time may still bring. */
const WAITS: ReadonlySet<GateCheck['name']> = new Set(['answered', 'soak', 'reported']);
const ACTS: Readonly<Record<CourseAct, { word: string; tone: string }>> = {
  pause: { word: 'Pause', tone: 'quiet' },
  resume: { word: 'Resume', tone: 'primary' },
  abort: { word: 'Abort', tone: 'quiet' },
};

/** One rollout: how far, what its gate says in words and numbers, who is set aside, what is stuck. */
export function RolloutPage({ view }: { view: RolloutView }) {
  const { rollout, stuck, now } = view;
  return (
    <article class="job">
      <p class="crumb">
        <a href={href('/admin/rollouts')}>Rollouts</a>
      </p>
      <RolloutHead rollout={rollout} pauseAll={view.pauseAll} now={now} />
      <div class="stack">
        <Acts rollout={rollout} />
        <SetAside rollout={rollout} />
        <Stuck rolloutId={rollout.rolloutId} stuck={stuck} now={now} />
        <About rollout={rollout} now={now} />
      </div>
    </article>
  );
}

/** What a step changes: patched as it happens, for all readers alike. */
export function RolloutHead({
  rollout,
  pauseAll,
  now,
}: {
  rollout: Rollout;
  pauseAll: PauseAllState;
  now: number;
}) {
  const { cargo, version, course, evidence } = rollout;
  return (
    <div id={ROLLOUT_HEAD} class="stack">
      <header class="node-head">
        <div class="node-name">
          <h1>
            {cargo.kind} {version}
          </h1>
          <StateWord state={course.state} />
          {rollout.security && <span class="mark">security</span>}
        </div>
        {course.reason !== '' && (
          <p class="warning" role="alert">
            {course.state === 'halted' ? 'Halted by its gate' : course.state}: {course.reason}
          </p>
        )}
        {isUnapproved(rollout) && (
          <p class="warning" role="alert">
            So many nodes take a second approver: nothing begins before another admin has looked at it.
          </p>
        )}
        {pauseAll.paused && (
          <p class="warning" role="alert">
            PAUSE ALL holds: nothing begins anywhere in the region.
          </p>
        )}
        {evidence?.warning !== undefined && (
          <p class="warning" role="alert">
            It would be halted, did it not mend a security fault: {evidence.warning}
          </p>
        )}
        {evidence?.deaf === true && (
          <p class="warning" role="alert">
            Much of the fleet is silent at once: nothing is held against nodes
            {rollout.security ? '' : ', and no ring opens'}.
          </p>
        )}
      </header>
      <Rings rollout={rollout} now={now} />
      <Gate rollout={rollout} now={now} />
    </div>
  );
}

function Rings({ rollout: { course, evidence }, now }: { rollout: Rollout; now: number }) {
  const at = new Map(evidence?.rings.map((ring) => [ring.ring, ring]));
  return (
    <Panel
      id="rings"
      title="Rings"
      aside={evidence && `${number(evidence.perMinute)} nodes a minute at most`}
    >
      <Table
        caption="Rings of the rollout"
        columns={[
          ...['Ring', 'Who', 'Stands', 'Confirmed'],
          ...['At it', 'Wait', 'Put off', 'Failed', 'Others'].map((word) => ({ word, num: true }) as const),
        ]}
      >
        {RINGS.map((ring, index) => (
          <RingRow
            name={ring.name}
            who={ring.of}
            stands={standing(course, index, now)}
            progress={at.get(index)}
          />
        ))}
      </Table>
    </Panel>
  );
}

function RingRow({
  name,
  who,
  stands,
  progress,
}: {
  name: string;
  who: string;
  stands: string;
  progress: RingProgress | undefined;
}) {
  const {
    nodes = 0,
    confirmed = 0,
    flying = 0,
    waiting = 0,
    deferred = 0,
    failed = 0,
    others = 0,
  } = progress ?? {};
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{who}</td>
      <td>{stands}</td>
      <td>
        <Meter done={confirmed} of={nodes} />
      </td>
      {[flying, waiting, deferred, failed, others].map((count) => (
        <td class="num">{number(count)}</td>
      ))}
    </tr>
  );
}

function standing({ state, ring, soakSince }: Rollout['course'], index: number, now: number): string {
  if (state === 'complete' || index < ring) return 'passed';
  if (index > ring) return 'closed';
  if (state !== 'running') return state;
  if (soakSince === undefined) return 'filling';
  const left = RINGS[index]!.soakMs - (now - soakSince);
  return left > 0 ? `watched, ${Math.ceil(left / 60_000)} min to go` : 'at its gate';
}

function Gate({ rollout: { course, evidence }, now }: { rollout: Rollout; now: number }) {
  return (
    <Panel
      id="gate"
      title={`Gate of ring ${RINGS[course.ring]!.name}`}
      aside={
        evidence && (
          <>
            judged <Ago at={evidence.at} now={now} />
          </>
        )
      }
    >
      {evidence === undefined ? (
        <p>The first step is taken within ten seconds.</p>
      ) : (
        <Facts
          facts={evidence.checks.map(({ name, ok, words }) => ({
            name: CHECKS[name],
            value: (
              <>
                {ok ? 'yes' : <strong class="warn">{WAITS.has(name) ? 'not yet' : 'no'}</strong>}: {words}
              </>
            ),
          }))}
        />
      )}
    </Panel>
  );
}

function Acts({ rollout }: { rollout: Rollout }) {
  const { rolloutId, course } = rollout;
  const acts = actsOn(course);
  if (acts.length === 0) return null;
  return (
    <Panel id="acts" title="By hand">
      {isUnapproved(rollout) && (
        <div class="acts">
          <Act path={`/admin/rollouts/${rolloutId}/approve`} word="Approve it" tone="primary" />
        </div>
      )}
      <form method="post" class="form" action={href(`/admin/rollouts/${rolloutId}/act`)}>
        <Field name="reason" label="Why" hint="told to whoever looks at it, and kept in the audit log">
          <input {...control('reason', undefined, true)} maxlength={200} autocomplete="off" />
        </Field>
        <div class="acts">
          {acts.map((act) => (
            <button type="submit" name="act" value={act} class={ACTS[act].tone}>
              {ACTS[act].word}
            </button>
          ))}
        </div>
      </form>
    </Panel>
  );
}

function SetAside({ rollout: { rolloutId, evidence } }: { rollout: Rollout }) {
  const failing = evidence?.failing ?? [];
  if (failing.length === 0) return null;
  const aside = new Set(evidence?.setAside);
  return (
    <Panel id="owners" title="Owners with failures" aside="one owner, one voice">
      <Table
        caption="Owners of nodes that failed"
        columns={['Owner', { word: 'Failed', num: true }, { word: 'Of', num: true }, 'Stands']}
        acts
      >
        {failing.map(({ owner, failed, nodes }) => (
          <tr>
            <th scope="row">{owner}</th>
            <td class="num">{number(failed)}</td>
            <td class="num">{number(nodes)}</td>
            <td>{aside.has(owner) ? <strong class="warn">set aside</strong> : 'takes part'}</td>
            <td>
              {aside.has(owner) && (
                <form method="post" action={href(`/admin/rollouts/${rolloutId}/lift`)}>
                  <input type="hidden" name="owner" value={owner} />
                  <button type="submit" class="quiet" aria-label={`Let take part: ${owner}`}>
                    Let take part
                  </button>
                </form>
              )}
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

function Stuck({ rolloutId, stuck, now }: { rolloutId: string; stuck: readonly StuckNode[]; now: number }) {
  return (
    <Panel id="stuck" title="Stuck and failed" aside={stuck.length > 0 && `${number(stuck.length)} nodes`}>
      {stuck.length === 0 ? (
        <p>No node has failed, and none is late.</p>
      ) : (
        <>
          <Table
            caption="Nodes that are stuck or have failed"
            columns={['Node', 'Owner', 'Ring', 'State', 'Why', 'Runs', 'Asked']}
            acts
          >
            {stuck.map((node) => (
              <StuckRow rolloutId={rolloutId} node={node} now={now} />
            ))}
          </Table>
          <div class="acts">
            <Act path={`/admin/rollouts/${rolloutId}/stuck/retry`} word="Ask all of them again" />
            <Act path={`/admin/rollouts/${rolloutId}/stuck/give-up`} word="Give those up that give no word" />
          </div>
        </>
      )}
    </Panel>
  );
}

function StuckRow({ rolloutId, node, now }: { rolloutId: string; node: StuckNode; now: number }) {
  const { nodeId, label, owner, ring, state, attempt, assignedAt, reason, version, lastLines, jobId } = node;
  return (
    <tr>
      <th scope="row">
        <a href={href(`/nodes/${nodeId}/updates`)}>{label || nodeId.slice(0, 12)}</a>
      </th>
      <td>{owner}</td>
      <td>{RINGS[ring]!.name}</td>
      <td>
        {state}
        {attempt > 1 && `, try ${attempt}`}
      </td>
      <td>
        {lastLines.length === 0 ? (
          reason
        ) : (
          <details>
            <summary>{reason || 'its last lines'}</summary>
            <pre class="log" tabindex={0}>
              {lastLines.join('\n')}
            </pre>
          </details>
        )}
        {jobId !== undefined && (
          <>
            {' '}
            <a href={href(`/jobs/${jobId}`)}>its job</a>
          </>
        )}
      </td>
      <td>{version}</td>
      <td>{assignedAt !== undefined && <Ago at={assignedAt} now={now} />}</td>
      <td>
        <form method="post" action={href(`/admin/rollouts/${rolloutId}/stuck/retry`)}>
          <input type="hidden" name="node" value={nodeId} />
          <button type="submit" class="quiet" aria-label={`Retry ${label}`}>
            Retry
          </button>
          <button
            type="submit"
            class="quiet"
            formaction={href(`/admin/rollouts/${rolloutId}/stuck/give-up`)}
            aria-label={`Give up ${label}`}
          >
            Give up
          </button>
        </form>
      </td>
    </tr>
  );
}

function isUnapproved({ cargo }: Rollout): boolean {
  return cargo.kind === 'chainweb' && cargo.awaitsApproval;
}
