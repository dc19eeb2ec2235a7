import { Lamp } from '../console/lamp.ts';
import { Ago } from '../console/parts.tsx';
import { type ChecklistFacts, type ChecklistItem, checklist, type ItemState } from './checklist.ts';
import { earningOutlook, type Gate, type Outlook } from './earning.ts';
import type { JoinedNode } from './joined-nodes.ts';

export const CHECKLIST_ID = 'checklist';

/** Nodes whose outlook is told in full; of more, their own pages tell it. */
const TOLD = 3;

const ITEM_LAMP: Readonly<
  Record<ItemState, readonly [lamp: 'online' | 'new' | 'offline' | 'behind', word: string]>
> = {
  done: ['online', 'Done'],
  waiting: ['new', 'Waiting'],
  failed: ['offline', 'Failed'],
  advice: ['behind', 'Look'],
};

const OUTLOOK_LAMP: Readonly<
  Record<Outlook, readonly [lamp: 'online' | 'late' | 'behind' | 'new', word: string]>
> = {
  will: ['online', 'Open'],
  later: ['late', 'Takes time'],
  wont: ['behind', 'Closed'],
  unknown: ['new', 'Not known yet'],
};

/** Step 3: how far the hosts are. Patched while it is open; rendered once for all who look, so links are relative. */
export function ChecklistPanel({ facts, now }: { facts: ChecklistFacts; now: number }) {
  const { nodes } = facts;
  return (
    <div id={CHECKLIST_ID} class="checklist-panel">
      <ul class="checklist">
        {checklist(facts, now).map((item) => (
          <Item item={item} now={now} />
        ))}
      </ul>
      {nodes.slice(0, TOLD).map((node) => (
        <OutlookOf node={node} now={now} />
      ))}
      {nodes.length > TOLD && (
        <p class="field-hint">
          <a href="../nodes">All {nodes.length} of them are in the list of nodes</a>
        </p>
      )}
    </div>
  );
}

function Item({ item, now }: { item: ChecklistItem; now: number }) {
  const [lamp, word] = ITEM_LAMP[item.state];
  return (
    <li class={`check is-${item.state}`}>
      <Lamp name={lamp} word={word} />
      <div>
        <p class="check-title">
          <strong>{item.title}</strong> {item.at !== undefined && <Ago at={item.at} now={now} />}
        </p>
        <p>{item.text}</p>
        {item.findings !== undefined && (
          <ul class="check-fixes">
            {item.findings.map(({ what, why, fix }) => (
              <li>
                {what && <strong>{what}: </strong>}
                {why}
                {fix && <p>{fix}</p>}
              </li>
            ))}
          </ul>
        )}
      </div>
    </li>
  );
}

function OutlookOf({ node, now }: { node: JoinedNode; now: number }) {
  const gates = earningOutlook(node, now);
  const closed = gates.filter(({ outlook }) => outlook === 'wont').length;
  return (
    <section class="outlook" aria-labelledby={`outlook-${node.nodeId}`}>
      <h3 id={`outlook-${node.nodeId}`}>
        What <a href={`../nodes/${node.nodeId}`}>{node.label}</a> will and won’t earn
      </h3>
      <p class={closed > 0 ? 'outlook-sum warn' : 'outlook-sum'}>
        {closed > 0
          ? `${closed} of 7 gates are closed: it earns nothing until somebody opens them.`
          : 'Nothing is in its way but time.'}
      </p>
      <ul class="checklist">
        {gates.map((gate) => (
          <GateItem gate={gate} />
        ))}
      </ul>
    </section>
  );
}

function GateItem({ gate }: { gate: Gate }) {
  const [lamp, word] = OUTLOOK_LAMP[gate.outlook];
  return (
    <li class={`check is-${gate.outlook}`}>
      <Lamp name={lamp} word={word} />
      <div>
        <p class="check-title">
          <strong>
            {gate.number}. {gate.name}
          </strong>
        </p>
        <p>{gate.why}</p>
        {gate.fix !== undefined && <p class="check-fix">{gate.fix}</p>}
      </div>
    </li>
  );
}
