import type { PactServingNode } from './pact-node.ts';

/** What is asked of one chain. */
export interface PactRequest {
  readonly node: PactServingNode;
  readonly chain: number;
  readonly query: URLSearchParams;
  readonly body: string;
}
