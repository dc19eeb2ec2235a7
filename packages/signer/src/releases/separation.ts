import type { KeySet, RoleKey, RoleName } from '@stoa/protocol/release';

/**
 * What would let one person stand for several, or the thief of one key act in two roles; undefined where nothing does. A
 * threshold counts people, and the hub's key belongs in an offline role least of all.
 */
export function notSeparate(roles: Readonly<Record<RoleName, KeySet>>): string | undefined {
  for (const role of ['root', 'targets'] as const) {
    const doubled = doubledIn(role, roles[role].keys);
    if (doubled !== undefined) return doubled;
  }
  const groups = new Map<string, string>();
  for (const [role, { keys }] of Object.entries(roles)) {
    const group = role === 'snapshot' || role === 'timestamp' ? 'the hub' : role;
    for (const { id, holder } of keys) {
      const other = groups.get(id);
      if (other !== undefined && other !== group)
        return `the key of ${holder} would stand for ${other} and for ${group}: make one for each`;
      groups.set(id, group);
    }
  }
  return undefined;
}

/** Of one role. */
export function doubledIn(role: string, keys: readonly RoleKey[]): string | undefined {
  const doubled = keys.find((key, i) =>
    keys.slice(0, i).some(({ id, holder }) => id === key.id || holder === key.holder),
  );
  return doubled && `the role ${role} would have ${doubled.holder} twice: a threshold counts people`;
}
