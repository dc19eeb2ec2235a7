/** Who says something about the chain. */
export interface Reporter {
  readonly nodeId: string;
  readonly ownerId: string;
  /** Coarse network that it reports from: two nodes of one network may be one machine. */
  readonly network: string;
  /** A node of the hub's own operator, whose word needs no second one. */
  readonly reference: boolean;
}
