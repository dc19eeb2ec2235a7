import { type Instant, judgedAt } from '#nodes/index.ts';
import { Course } from './course.ts';
import { isRuleId, RULE_IDS, RULES, type Rule } from './rule.ts';
import { type Settings, timingOf } from './settings.ts';
import { type HeldStanding, keyOf } from './standing-store.ts';
import type { WatchedNode } from './watch-store.ts';

/** Takes the machines of the nodes at hand a step on. Reads only; what it found is in the course. */
export async function watchNodes(
  nodes: readonly WatchedNode[],
  held: readonly HeldStanding[],
  by: { settings: Settings; at: Instant },
): Promise<Course> {
  const course = new Course();
  const bySubject = Map.groupBy(held, ({ subject }) => subject);
  for (const node of nodes) {
    const standings = bySubject.get(node.nodeId) ?? [];
    const own = new Map(
      standings.filter(({ owner }) => owner === node.owner).map((each) => [keyOf(each), each]),
    );
    // Those of an owner who gave the node away, and of rules that are no more.
    for (const other of standings)
      if (other.owner !== node.owner || !isRuleId(other.rule)) course.close(other, node.label);
    for (const id of RULE_IDS) {
      const standing = own.get(keyOf({ owner: node.owner, rule: id, subject: node.nodeId }));
      if (standing === undefined && !holds(node, RULES[id])) continue;
      await watchRule(course, { node, standing, rule: RULES[id] }, by);
    }
  }
  return course;
}

function holds({ bits, gone }: WatchedNode, rule: Rule): boolean {
  return !gone && (bits & (1 << rule.bit)) !== 0;
}

async function watchRule(
  course: Course,
  { node, standing, rule }: { node: WatchedNode; standing: HeldStanding | undefined; rule: Rule },
  { settings, at }: { settings: Settings; at: Instant },
): Promise<void> {
  const { nodeId, owner, label, facts } = node;
  const setting = settings.rule(owner, rule.id);
  if (node.gone || !(await settings.applies(setting, nodeId))) {
    if (standing !== undefined) course.close(standing, label);
    return;
  }
  const now = rule.byLiveness ? judgedAt(at) : at.now;
  const since = rule.since(facts);
  // What began a moment ago is news, even to who looks for the first time.
  const stale = since === undefined || now - since >= setting.delayMs;
  course.move(
    standing,
    {
      now,
      holds: holds(node, rule),
      since: since ?? now,
      first: (node.seen & (1 << rule.bit)) === 0 && stale,
      mutedUntil: await settings.mutedUntil(owner, rule.id, nodeId),
      timing: timingOf(setting),
    },
    // Nodes of a demonstration have owners who do not exist.
    { owner, rule: rule.id, subject: nodeId, label, evidence: rule.evidence(facts), mute: node.simulated },
  );
}
