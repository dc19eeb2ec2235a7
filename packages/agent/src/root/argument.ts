import type { SitePath, StepFacts } from '#root/act.ts';
import type { FormerNode, NodeSite } from '#root/node-site.ts';
import { RefusalError } from '#root/refusal.ts';

/** A string among what the agent says, whole and of one form. @throws RefusalError `root_bad_args` */
export function wordOf(args: StepFacts['args'], name: string, form: RegExp): string {
  const value = args[name];
  if (typeof value === 'string' && form.exec(value)?.[0] === value) return value;
  throw new RefusalError(
    'root_bad_args',
    `'${name}' is ${JSON.stringify(value) ?? 'missing'}; ${form.source} is expected`,
  );
}

/** @throws RefusalError `root_bad_args` */
export function wordsOf(args: StepFacts['args'], name: string, form: RegExp, most: number): string[] {
  const value = args[name];
  if (!Array.isArray(value) || value.length === 0 || value.length > most)
    throw new RefusalError('root_bad_args', `'${name}' must be a list of 1 to ${most}`);
  return value.map((word) => wordOf({ [name]: word }, name, form));
}

/** @throws RefusalError `root_no_node` */
export function siteOf({ site }: StepFacts): NodeSite {
  if (site !== undefined) return site;
  throw new RefusalError('root_no_node', 'no chainweb-node runs here, and none was seen running before');
}

/** @throws RefusalError `root_no_node` */
export function beforeOf({ before }: StepFacts): FormerNode {
  if (before !== undefined) return before;
  throw new RefusalError('root_no_node', 'this job has set no node aside');
}

/** @throws RefusalError where the node's arguments name no such path on the host. */
export function pathOf(facts: StepFacts, name: SitePath): string {
  const path = siteOf(facts)[name];
  if (SAFE_PATH.test(path) && !path.split('/').includes('..')) return path;
  throw new RefusalError('root_no_node', `the node names no ${name} path that lies on this host ('${path}')`);
}

/** Two levels at least: nothing at the root of the file system is a database. */
const SAFE_PATH = /^\/[\w.@+-]+(\/[\w.@+-]+)+$/;
