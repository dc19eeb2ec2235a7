import type { ParamValues } from '@stoa/protocol';

/** Something to be done on one node, by who need not know the way there. */
export interface NodeWork {
  readonly nodeId: string;
  readonly kind: string;
  readonly params: ParamValues;
  /** Signed by a person, for kinds that take one. */
  readonly order?: Uint8Array;
}

/** How work gets to a node: pulled by its agent in its session, or taken there by a worker over SSH. */
export type Way = 'session' | 'ssh';

/** @template By who asks. */
export interface AgentChannel<By> {
  readonly way: Way;
  carries(kind: string): boolean;
  /** @returns the job's id. */
  run(by: By, work: NodeWork): Promise<string>;
}
