import { Act } from '../../console/form.tsx';
import { absolute } from '../../console/format.ts';
import { Ago, Empty, Facts, Panel, Table, Unknown } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import { heldBy, NO_WISH, RINGS, type UpdateWish } from '../plan/index.ts';
import { type NodePlace, type NodeUpdate, type NodeUpdateEnd, ROLLBACK } from '../reader.ts';
import { type WishAgain, WishForm } from './wish-form.tsx';

export interface NodeUpdatesView {
  readonly nodeId: string;
  readonly update: NodeUpdate | undefined;
  readonly places: readonly NodePlace[];
  readonly history: readonly NodeUpdateEnd[];
  /** Of this node, and of all of the owner's. */
  readonly wish: UpdateWish | undefined;
  readonly ownersWish: UpdateWish | undefined;
  /** The viewer may set the wish. */
  readonly works: boolean;
  readonly again: WishAgain;
  readonly now: number;
}

/** Why this version, what comes, and what came of updates before. */
export function NodeUpdatesTab({ view }: { view: NodeUpdatesView }) {
  const { update, places, now, nodeId, works, wish } = view;
  return (
    <div class="stack">
      <Panel id="why-version" title="Why this version">
        {update === undefined ? (
          <Empty title="This node has not spoken of updates">
            <p>Its agent is older, or was not installed as one binary. On its host:</p>
            <pre tabindex={0}>
              <code>stoa-agent update --check</code>
            </pre>
          </Empty>
        ) : (
          <div class="stack">
            <ul class="plain">
              {reasons(view).map((reason) => (
                <li>{reason}</li>
              ))}
            </ul>
            <Stands update={update} now={now} />
            <WayBack nodeId={nodeId} update={update} works={works} />
          </div>
        )}
      </Panel>
      {places.map((place) => (
        <Place place={place} view={view} />
      ))}
      <Panel
        id="wish"
        title="Channel, window and pin"
        aside={wish === undefined ? 'as for all of the owner’s nodes' : 'of this node'}
      >
        <HostWish update={update} now={now} />
        {works && (
          <div class="stack">
            <WishForm
              path={`/nodes/${nodeId}/updates`}
              wish={wish ?? view.ownersWish}
              again={view.again}
              now={now}
            />
            {wish !== undefined && (
              <div class="acts">
                <Act path={`/nodes/${nodeId}/updates/clear`} word="As for all of the owner’s nodes" />
              </div>
            )}
          </div>
        )}
      </Panel>
      <History history={view.history} now={now} />
    </div>
  );
}

/** In words, each with what would change it. */
function reasons({ update, places, wish, ownersWish, now }: NodeUpdatesView): string[] {
  if (update === undefined) return [];
  const told = [
    `It runs ${update.version}${update.slot === 'factory' ? ', which it was installed with' : ''}.`,
  ];
  if (update.launcher === '') told.push('It was started without a launcher: updates come by hand here.');
  if (update.updateOnly)
    told.push('It stands below the floor of its release: it updates, and does nothing else.');
  const place = places.find(({ kind }) => kind === 'payload');
  if (place === undefined) return [...told, 'No rollout is under way.'];
  if (place.version === update.version) return [...told, `That is what is being rolled out.`];
  told.push(why(place, update, { wish: wish ?? ownersWish ?? NO_WISH, now }));
  return told;
}

function why(place: NodePlace, update: NodeUpdate, by: { wish: UpdateWish; now: number }): string {
  const { version, state } = place;
  if (state === 'waiting' && update.blacklist.includes(version))
    return `${version} failed here before: the node does not take it again.`;
  return waits(place, { ...by, hosts: update.wish, pin: 'pin' });
}

/** A host pins no chainweb-node by its wish: it denies the kind by its policy. */
function whyOf(place: NodePlace, { update, wish, ownersWish, now }: NodeUpdatesView): string {
  const hosts = { ...(update?.wish ?? NO_WISH), chainwebPin: '' };
  return waits(place, { wish: wish ?? ownersWish ?? NO_WISH, hosts, now, pin: 'chainwebPin' });
}

function waits(
  place: NodePlace,
  by: { wish: UpdateWish; hosts: UpdateWish; now: number; pin: 'pin' | 'chainwebPin' },
): string {
  const { version, ring, atRing, rolloutState, state, reason } = place;
  if (state !== 'waiting') return `${version}: ${state}${reason === '' ? '' : `, ${reason}`}.`;
  if (place.aside)
    return `${version} is not given to this owner: nodes of theirs failed where others did not. An admin lets them take part.`;
  if (rolloutState !== 'running' && rolloutState !== 'complete')
    return `The rollout of ${version} is ${rolloutState}.`;
  if (ring > atRing && rolloutState === 'running')
    return `${version} is at ring ${RINGS[atRing]!.name}; this node is in ring ${RINGS[ring]!.name}, which opens after it.`;
  const { pin, now } = by;
  const since = { now, version, pin, since: place.createdAt, security: place.security };
  const held = heldBy(by.hosts, since) ?? heldBy(by.wish, since);
  if (held !== undefined) return `${version} waits, since its owner wants it so: ${held}.`;
  return pin === 'pin'
    ? `${version} comes as soon as the pace of the rollout, its owner’s share and its site’s allow.`
    : `${version} comes once it is at the tip and free of other work, as the pace of the rollout, its owner’s share and its site’s allow.`;
}

function Stands({ update, now }: { update: NodeUpdate; now: number }) {
  return (
    <>
      <Facts
        facts={[
          {
            name: 'Update',
            value: (
              <>
                {update.state}
                {update.target !== '' && ` (${update.target})`} since <Ago at={update.since} now={now} />
                {update.until !== undefined && `, ends by itself ${absolute(update.until)}`}
              </>
            ),
          },
          ...(update.reason === ''
            ? []
            : [
                {
                  name: 'Reason',
                  value: `${update.reason}${update.detail === '' ? '' : `: ${update.detail}`}`,
                },
              ]),
          { name: 'Slot', value: <code>{update.slot || 'none'}</code> },
          {
            name: 'Runtime',
            value: `Node ${update.runtime}, launcher ${update.launcher || 'none'}, ${update.platform}`,
          },
          { name: 'Kept', value: update.previous.join(', ') || 'no earlier version' },
          { name: 'Not taken again', value: update.blacklist.join(', ') || 'none' },
          {
            name: 'Fresh',
            value:
              update.timestampAt === undefined ? (
                <Unknown why="it has never taken a fresh timestamp" />
              ) : (
                <>
                  metadata {update.targetsVersion}, taken <Ago at={update.timestampAt} now={now} />
                </>
              ),
          },
          { name: 'Heard', value: <Ago at={update.saidAt} now={now} /> },
        ]}
      />
      <Lines lines={update.lastLines} />
    </>
  );
}

/** Nothing where no earlier version is kept above the floor. What it takes is asked where it leads. */
function WayBack({ nodeId, update, works }: { nodeId: string; update: NodeUpdate; works: boolean }) {
  const { version, previous, rollsBack } = update;
  const [to] = previous;
  if (to === undefined) return null;
  if (!works || !rollsBack)
    return (
      <>
        <p>Back to {to}, on its host:</p>
        <pre tabindex={0}>
          <code>stoa-agent update --rollback</code>
        </pre>
      </>
    );
  const job = new URLSearchParams({ kind: ROLLBACK, q: `id:${nodeId}`, 'p.to': to });
  return (
    <>
      <p>
        Back to {to}, which is kept on its host: its jobs end first, then it starts as {to} and is away for a
        few seconds. The rollout does not bring {version} a second time; the next one does, unless the node
        stays on a version, below.
      </p>
      <div class="acts">
        <a class="button" href={href(`/jobs/run?${job}`)}>
          Roll back to {to}
        </a>
      </div>
      <p class="field-hint">
        It takes an order signed by its owner, or by an admin whose key counts there, and stands in the audit
        log. No hub can do it alone.
      </p>
    </>
  );
}

function Place({ place, view }: { place: NodePlace; view: NodeUpdatesView }) {
  return (
    <Panel
      id={`rollout-${place.kind}`}
      title={`Rollout of ${place.kind} ${place.version}`}
      aside={place.rolloutState}
    >
      <Facts
        facts={[
          {
            name: 'Ring',
            value: `${RINGS[place.ring]!.name}: ${RINGS[place.ring]!.of}; the rollout is at ${RINGS[place.atRing]!.name}`,
          },
          {
            name: 'Place',
            value: `${(place.bucket * 100).toFixed(2)} % of the fleet stands before it, by hash`,
          },
          { name: 'This node', value: `${place.state}${place.reason === '' ? '' : `: ${place.reason}`}` },
          ...(place.kind === 'chainweb' ? [{ name: 'Why', value: whyOf(place, view) }] : []),
        ]}
      />
    </Panel>
  );
}

function HostWish({ update, now }: { update: NodeUpdate | undefined; now: number }) {
  if (update === undefined) return null;
  const { channel, pin, deferUntil, window } = update.wish;
  const said = [
    channel === 'early' && 'channel early',
    pin !== '' && `pinned to ${pin}`,
    deferUntil > now && `not before ${absolute(deferUntil)}`,
    window !== '' && `within ${window} UTC`,
  ].filter((each) => each !== false);
  return <p>The host itself says: {said.length === 0 ? 'nothing' : said.join(', ')}.</p>;
}

function History({ history, now }: { history: readonly NodeUpdateEnd[]; now: number }) {
  return (
    <Panel id="update-history" title="What came of updates" aside="half a year">
      {history.length === 0 ? (
        <p>Nothing yet.</p>
      ) : (
        <Table caption="Ends of updates, the newest first" columns={['When', 'To', 'End', 'Ran', 'Why']}>
          {history.map(({ at, target, state, version, reason, detail, lastLines }) => (
            <tr>
              <td>
                <Ago at={at} now={now} />
              </td>
              <td>{target}</td>
              <td>{state}</td>
              <td>{version}</td>
              <td>
                {reason}
                {detail !== '' && `: ${detail}`}
                <Lines lines={lastLines} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

function Lines({ lines }: { lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <details>
      <summary>The last {lines.length} lines of its log</summary>
      <pre class="log" tabindex={0}>
        {lines.join('\n')}
      </pre>
    </details>
  );
}
