import type { Job, KindName, ParamValues } from '@stoa/protocol';
import type { NodeSite } from '#root/site.ts';
import type { Argv } from '#work/commands.ts';

/** One process of a step. */
export interface Act {
  readonly argv: Argv;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Reaches beyond this host; all others have no network at all. */
  readonly network?: boolean;
  /** Its exit code says nothing: what it would do may be done already. */
  readonly mayFail?: boolean;
  /** Its standard output is the step's, byte for byte. */
  readonly bytes?: boolean;
  /** Gets the archive that the agent streams in, which `verified` describes. */
  readonly input?: boolean;
}

/** Where things of root's lie. */
export interface RootPaths {
  /** Databases, seeds, compose files of nodes that were installed by a job. */
  readonly chain: string;
  /** Unpacked programs, one directory for each hash. */
  readonly programs: string;
  readonly units: string;
}

/** All that a step may build an argument from. `args` alone is the agent's word, and is checked by the step. */
export interface StepFacts {
  readonly job: Job;
  readonly kind: KindName;
  readonly params: ParamValues;
  readonly args: Readonly<Record<string, unknown>>;
  readonly site: NodeSite | undefined;
  /** As the node was before this job, or one that was cut off, set it aside. */
  readonly before: NodeSite | undefined;
  readonly marks: readonly string[];
  readonly paths: RootPaths;
}

/** What a step changes of the state that root keeps, beside what its acts do. */
export interface StepEffect {
  readonly site?: NodeSite;
  /** 'none': what was set aside is back, or needed no more. */
  readonly before?: NodeSite | 'none';
  readonly mark?: string;
}

/** A stream whose plain bytes count only if the whole has the hash that the order names. */
export interface VerifiedInput {
  /** Hex of the SHA-256 of what comes in. */
  readonly sha256: string;
  /** 32 bytes that open a sealed archive; the hash is that of the sealed one. */
  readonly contentKey?: Uint8Array;
}

export interface Step {
  /** Kinds that may use it, with how often for a job; a function where the parameters decide. */
  readonly kinds: Readonly<Partial<Record<KindName, number | ((params: ParamValues) => number)>>>;
  /** Whether it acts on the node that is here. */
  readonly needsSite?: boolean;
  readonly input?: (facts: StepFacts) => VerifiedInput;
  /** @throws RefusalError where the facts don't allow it. */
  readonly acts: (facts: StepFacts) => readonly Act[];
  /** After all acts went well. */
  readonly effect?: (facts: StepFacts) => StepEffect;
}
