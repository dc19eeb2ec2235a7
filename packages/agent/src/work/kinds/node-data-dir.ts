import { join } from 'node:path';
import { type AgentConfig, DEFAULT_INSTANCE } from '#config.ts';

/** Where one node's work keeps its own: the backups and marks of several nodes of a host must not meet. */
export function nodeDataDir({ dataDir, instance }: Pick<AgentConfig, 'dataDir' | 'instance'>): string {
  return instance === DEFAULT_INSTANCE ? dataDir : join(dataDir, 'nodes', instance);
}

/** There while a job has changed what must be put back if nobody goes on with it. */
export function unsettledMark({ dataDir }: Pick<AgentConfig, 'dataDir'>): string {
  return join(dataDir, 'unsettled-job');
}
