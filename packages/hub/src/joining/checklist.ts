import type { JoinedNode } from './joined-nodes.ts';
import type { JoinStep, StepMark } from './steps.ts';
import { type TokenRecord, tokenState } from './token-ledger.ts';

export type ItemState = 'done' | 'waiting' | 'failed' | 'advice';

export interface ChecklistItem {
  readonly id: string;
  readonly title: string;
  readonly state: ItemState;
  readonly text: string;
  readonly at?: number | undefined;
  /** What is amiss or may be, and what to do. */
  readonly findings?: readonly Finding[];
}

export interface Finding {
  readonly what?: string;
  readonly why?: string;
  readonly fix?: string | undefined;
}

export interface ChecklistFacts {
  readonly token: TokenRecord;
  readonly steps: readonly StepMark[];
  /** Of those that joined, as far as they are looked at. */
  readonly nodes: readonly JoinedNode[];
}

const REFUSALS: Readonly<Record<string, string>> = {
  join_token_expired: 'A host came with the token after it had ended: make a new one.',
  join_token_used: 'Another host came with the token after it was used up: each host needs a use of its own.',
  join_token_elsewhere: 'A host came with the token from an address outside of its range.',
  join_throttled: 'More hosts came within the hour than the token allows: the rest may try again later.',
  node_of_another_owner:
    'The host is a node of another owner already: it keeps its owner, or gets a new identity.',
};

/** How far the hosts of a token are, in the order in which they get there. */
export function checklist(facts: ChecklistFacts, now: number): readonly ChecklistItem[] {
  const marks = new Map(facts.steps.map((mark) => [mark.step, mark]));
  return [
    downloaded(facts, marks),
    keyMade(facts, marks),
    joined(facts, marks, now),
    heartbeat(facts),
    tips(facts),
    doctor(marks),
  ];
}

type Marks = ReadonlyMap<JoinStep, StepMark>;

function downloaded({ token }: ChecklistFacts, marks: Marks): ChecklistItem {
  const item = { id: 'downloaded', title: 'Downloaded' };
  const mark = marks.get('downloaded');
  if (mark !== undefined)
    return { ...item, state: 'done', text: String(mark.detail['name'] ?? ''), at: mark.at };
  if (token.usedBy.length > 0) return { ...item, state: 'done', text: 'It brought an agent of its own.' };
  return { ...item, state: 'waiting', text: 'Run the command on the host.' };
}

function keyMade({ token }: ChecklistFacts, marks: Marks): ChecklistItem {
  const item = { id: 'key', title: 'Key made' };
  const mark = marks.get('key');
  if (mark !== undefined || token.usedBy.length > 0)
    return {
      ...item,
      state: 'done',
      text: 'The host proved that it holds it; it never leaves the host.',
      at: mark?.at,
    };
  return { ...item, state: 'waiting', text: 'The host makes its own Ed25519 key.' };
}

function joined({ token }: ChecklistFacts, marks: Marks, now: number): ChecklistItem {
  const item = { id: 'joined', title: 'Joined' };
  const { maxUses, usedBy } = token;
  const refused = marks.get('refused');
  const key = marks.get('key');
  const count =
    maxUses === 1 ? 'It is a node of yours.' : `${usedBy.length} of ${maxUses} hosts are nodes of yours.`;
  if (usedBy.length === maxUses) return { ...item, state: 'done', text: count, at: key?.at };
  if (refused !== undefined && refused.at >= (key?.at ?? 0))
    return {
      ...item,
      state: 'failed',
      text: REFUSALS[String(refused.detail['code'])] ?? 'The hub refused the host.',
      at: refused.at,
    };
  const state = tokenState(token, now);
  if (state === 'open')
    return { ...item, state: 'waiting', text: usedBy.length === 0 ? 'Nobody came yet.' : count };
  const ended = state === 'revoked' ? 'The token was revoked.' : 'The token ended.';
  if (usedBy.length > 0) return { ...item, state: 'advice', text: `${count} ${ended}` };
  return {
    ...item,
    state: 'failed',
    text: `${ended} Nobody had come.`,
    findings: [{ fix: 'Make a new one.' }],
  };
}

function heartbeat({ token, nodes }: ChecklistFacts): ChecklistItem {
  const item = { id: 'heartbeat', title: 'First heartbeat' };
  const heard = nodes.filter(({ lastSeen }) => lastSeen !== undefined);
  const count = token.maxUses === 1 ? '' : `${heard.length} of ${nodes.length} that joined.`;
  if (nodes.length > 0 && heard.length === nodes.length)
    return {
      ...item,
      state: 'done',
      text: count || 'Its agent runs and reaches the hub.',
      at: heard[0]?.lastSeen,
    };
  return {
    ...item,
    state: 'waiting',
    text: count || 'Comes within seconds of the start of its agent.',
    ...(nodes.length > 0 && {
      findings: [{ fix: 'If it does not come: systemctl status stoa-agent, then stoa-agent doctor.' }],
    }),
  };
}

function tips({ token, nodes }: ChecklistFacts): ChecklistItem {
  const item = { id: 'tips', title: 'Tips of its chains' };
  const told = nodes.filter(({ lag }) => lag !== undefined);
  const silent = nodes.filter(({ chainweb }) => chainweb === 'down' || chainweb === 'stopped');
  if (nodes.length > 0 && told.length === nodes.length)
    return {
      ...item,
      state: 'done',
      text:
        token.maxUses === 1
          ? `The hub knows them; the worst is ${told[0]?.lag} blocks behind.`
          : 'The hub knows them all.',
    };
  if (silent.length > 0)
    return {
      ...item,
      state: 'failed',
      text: `The agent finds no chainweb${token.maxUses === 1 ? '' : ` on ${silent.length} of them`}.`,
      findings: [
        {
          fix: 'Start chainweb; where its service API is elsewhere, set CHAINWEB_URL in /opt/stoa-agent/agent.env.',
        },
      ],
    };
  return {
    ...item,
    state: 'waiting',
    text: 'Read from its chainweb and checked against headers the hub verified.',
  };
}

function doctor(marks: Marks): ChecklistItem {
  const item = { id: 'doctor', title: 'Doctor' };
  const mark = marks.get('doctor');
  if (mark === undefined) return { ...item, state: 'waiting', text: 'The installation ends with it.' };
  const checks = (mark.detail['checks'] ?? []) as readonly {
    result: string;
    title: string;
    why: string;
    fix?: string;
  }[];
  const bad = checks.filter(({ result }) => result === 'fail' || result === 'warn');
  const text = `${checks.length - bad.length} of ${checks.length} checks are fine.`;
  if (bad.length === 0) return { ...item, state: 'done', text, at: mark.at };
  return {
    ...item,
    state: 'advice',
    text,
    at: mark.at,
    findings: bad.map(({ title, why, fix }) => ({ what: title, why, fix })),
  };
}
