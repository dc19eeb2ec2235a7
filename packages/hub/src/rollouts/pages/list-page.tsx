import { Act, control, Field } from '../../console/form.tsx';
import { number } from '../../console/format.ts';
import { Ago, Empty, Panel, Table } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import type { RolloutPlan } from '../desk.ts';
import type { PauseAllState } from '../pause-all.ts';
import { RINGS } from '../plan/index.ts';
import type { Rollout } from '../rollout.ts';
import { Meter, StateWord, sumOf } from './parts.tsx';

export interface RolloutsView {
  readonly rollouts: readonly Rollout[];
  readonly pauseAll: PauseAllState;
  readonly now: number;
}

/** What nodes install now. */
export function RolloutsPage({ view }: { view: RolloutsView }) {
  const { rollouts, pauseAll, now } = view;
  return (
    <>
      <header class="title">
        <h1>Rollouts</h1>
        <p>
          <a href={href('/admin/rollouts/new')}>Begin one</a>, or{' '}
          <a href={href('/admin/rollouts/chainweb')}>upgrade chainweb-node</a>
        </p>
      </header>
      <div class="stack">
        <Cord pauseAll={pauseAll} now={now} />
        <Panel id="rollouts" title="Rollouts" aside="the newest first">
          {rollouts.length === 0 ? (
            <Empty title="Nothing was rolled out yet">
              <p>A release says what may be installed, a rollout what is installed now. Here, or by:</p>
              <pre tabindex={0}>
                <code>stoa-hub rollout create --dry-run</code>
              </pre>
            </Empty>
          ) : (
            <Table
              caption="Rollouts, the newest first"
              columns={[
                ...['Version', 'Of', 'State', 'Ring', 'Progress'],
                { word: 'Failed', num: true },
                ...['By', 'Begun'],
              ]}
            >
              {rollouts.map((rollout) => (
                <Row rollout={rollout} now={now} />
              ))}
            </Table>
          )}
        </Panel>
      </div>
    </>
  );
}

function Row({ rollout, now }: { rollout: Rollout; now: number }) {
  const { rolloutId, version, cargo, security, course, createdBy, createdAt } = rollout;
  return (
    <tr>
      <th scope="row">
        <a href={href(`/admin/rollouts/${rolloutId}`)}>{version}</a>{' '}
        {security && <span class="mark">security</span>}
      </th>
      <td>{cargo.kind}</td>
      <td>
        <StateWord state={course.state} />
      </td>
      <td>{RINGS[course.ring]!.name}</td>
      <td>
        <Meter done={sumOf(rollout, 'confirmed')} of={sumOf(rollout, 'nodes')} />
      </td>
      <td class="num">{number(sumOf(rollout, 'failed'))}</td>
      <td>{createdBy}</td>
      <td>
        <Ago at={createdAt} now={now} />
      </td>
    </tr>
  );
}

/** The cord: two clicks to pull it, none of them a password; to let go takes a recent proof of presence. */
function Cord({ pauseAll: { paused, by }, now }: { pauseAll: PauseAllState; now: number }) {
  return (
    <Panel id="pause-all" title="Pause all" aside="over every restart, until a person lets go">
      {paused ? (
        <>
          <p class="warning" role="alert">
            Paused: no node of the region begins an update, of its agent or of chainweb-node.{' '}
            {by === undefined ? (
              'Nobody can say who did it.'
            ) : (
              <>
                By {by.actor} <Ago at={by.at} now={now} />
                {by.reason !== '' && `: ${by.reason}`}
              </>
            )}
          </p>
          <div class="acts">
            <Act path="/admin/rollouts/resume-all" word="Let rollouts go on" tone="primary" />
          </div>
        </>
      ) : (
        <>
          <p>Rollouts may run. What a node has begun comes to its end either way.</p>
          <details>
            <summary>Stop everything</summary>
            <form method="post" action={href('/admin/rollouts/pause-all')} class="form">
              <Field name="reason" label="Why" hint="told to whoever finds it stopped">
                <input {...control('reason', undefined, true)} maxlength={200} autocomplete="off" />
              </Field>
              <button type="submit" class="primary is-grave">
                PAUSE ALL
              </button>
            </form>
          </details>
        </>
      )}
    </Panel>
  );
}

/** What it would touch, before it begins. */
export function NewRolloutPage({ plan }: { plan: RolloutPlan | undefined }) {
  return (
    <>
      <header class="title">
        <h1>Begin a rollout</h1>
        <p>
          <a href={href('/admin/rollouts')}>All rollouts</a>
        </p>
      </header>
      {plan === undefined ? (
        <Empty title="There is no release to roll out">
          <p>Publish one on the hub’s machine:</p>
          <pre tabindex={0}>
            <code>stoa-hub release publish DIR</code>
          </pre>
        </Empty>
      ) : (
        <Plan plan={plan} />
      )}
    </>
  );
}

function Plan({ plan: { release, kind, version, rings, reach, downgrade } }: { plan: RolloutPlan }) {
  const nodes = rings.reduce((sum, ring) => sum + ring.nodes, 0);
  return (
    <Panel
      id="plan"
      title={`${version} to ${number(nodes)} nodes`}
      aside={`${kind}, targets ${release.version}`}
    >
      {release.security && (
        <p class="warning">
          It mends a security fault: nothing but a person halts it, and 72 hours from now it passes over pins,
          deferrals and windows.
        </p>
      )}
      {downgrade && (
        <p class="warning">It is older than what was rolled out: a root has signed the way down.</p>
      )}
      <RingsPlan rings={rings} />
      <p>
        Of these {number(reach.current)} run it already, {number(reach.pinned)} are pinned elsewhere,{' '}
        {number(reach.byHand)} are updated by hand, {number(reach.silent)} never spoke of updates,{' '}
        {number(reach.otherPlatform)} are of another platform.
      </p>
      <form method="post" action={href('/admin/rollouts')}>
        <input type="hidden" name="kind" value={kind} />
        <input type="hidden" name="targets" value={release.version} />
        <input type="hidden" name="expected" value={nodes} />
        <button type="submit" class="primary is-grave">
          Roll {version} out, ring by ring
        </button>
      </form>
    </Panel>
  );
}

/** Who would be asked, ring by ring. */
export function RingsPlan({ rings }: { rings: RolloutPlan['rings'] }) {
  return (
    <Table
      caption="Rings"
      columns={['Ring', 'Who', { word: 'Nodes', num: true }, { word: 'Owners', num: true }, 'Watched for']}
    >
      {rings.map(({ ring, nodes: many, owners }) => (
        <tr>
          <th scope="row">{RINGS[ring]!.name}</th>
          <td>{RINGS[ring]!.of}</td>
          <td class="num">{number(many)}</td>
          <td class="num">{number(owners)}</td>
          <td>{watched(RINGS[ring]!.soakMs)}</td>
        </tr>
      ))}
    </Table>
  );
}

function watched(ms: number): string {
  const minutes = ms / 60_000;
  return minutes < 60 ? `${minutes} min` : `${minutes / 60} h`;
}
