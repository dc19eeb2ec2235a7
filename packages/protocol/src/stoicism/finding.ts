import type { GATES } from '../evidence/receipt.ts';

export type GateName = (typeof GATES)[number];

/**
 * match: recomputed, and the same. differs: it is not what the evidence gives: somebody erred or lied. rests-on: it can't be
 * recomputed by this node's evidence alone, and whose word it is. missing: a document is not there.
 */
export type FindingKind = 'match' | 'differs' | 'rests-on' | 'missing';

/** What a finding is about. */
export type FindingSubject =
  /** The node's own word: its signature, its hour. */
  | 'checkpoint'
  /** The hub's answer to it. */
  | 'receipt'
  /** The node's own record of the hour. */
  | 'log'
  /** What was settled, and the path to its root. */
  | 'settled'
  /** Which minutes count. */
  | 'minutes'
  /** Which minutes a hub missed by its own fault. */
  | 'gap'
  | 'gate'
  | 'score'
  | 'points'
  /** The region's signed roots. */
  | 'roots'
  /** That the region shows everybody the same roots. */
  | 'published';

/** What is wrong where something differs. */
export type HourFault =
  /** Signed by nobody who may, or altered since. */
  | 'forged'
  /** Of another hour or node. */
  | 'other-hour'
  /** The log is not the one that the checkpoint committed to. */
  | 'log-altered'
  /** A minute that both signed, or that a record of a gap grants, is not among those that count. */
  | 'minute-dropped'
  /** A minute counts that the node's word does not have. */
  | 'minute-added'
  /** Minutes are paid as a hub's gap, and no signed record of one grants them. */
  | 'gap-unrecorded'
  /** A gap of an instance that the node was not with. */
  | 'other-instance'
  /** A gate is said to have failed, and the log says that it held. */
  | 'gate-invented'
  /** A gate is said to have held, and the log says that it failed. */
  | 'gate-waived'
  | 'score-lowered'
  | 'score-raised'
  /** What was paid is not the product of minutes and score. */
  | 'points-wrong'
  /** A later revision took minutes or points back, or two receipts have one number. */
  | 'revision-wrong'
  /** No signed root of the region stands for the receipt. */
  | 'root-unsigned'
  /** A signed root that the region does not show among those that it published. */
  | 'root-unpublished'
  /** The region signed two roots for one pass of one hour, or its roots are no chain. */
  | 'two-roots';

export interface Finding {
  readonly hubHour: number;
  readonly what: FindingKind;
  readonly subject: FindingSubject;
  /** Where it differs. */
  readonly fault?: HourFault;
  /** Where it is about a gate. */
  readonly gate?: GateName;
  /** The minutes that it is about, as bits of the hour. */
  readonly minutes?: bigint;
  /** Whose word it rests on: the name of a hub instance, `node` and its id, or the region. */
  readonly signer?: string;
  /** By the evidence; empty where there is nothing to compare. */
  readonly expected: string;
  /** What the document says. */
  readonly found: string;
  /** One sentence for a person. */
  readonly text: string;
}
