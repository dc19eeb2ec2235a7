import type { Job, KindName, ParamValues } from '@stoa/protocol';
import type { FormerNode, NodeSite } from '#root/node-site.ts';
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
  /** Where it fails, what is run instead of it and of all that follows. */
  readonly otherwise?: readonly Act[];
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
  /** 0700 and root's: nobody sees or exchanges what is made there. */
  readonly workshop: string;
}

/** All that a step may build an argument from. `args` alone is the agent's word, and is checked by the step. */
export interface StepFacts {
  readonly job: Job;
  readonly kind: KindName;
  readonly params: ParamValues;
  readonly args: Readonly<Record<string, unknown>>;
  readonly site: NodeSite | undefined;
  /** As the node was before this job, or one that was cut off, set it aside. */
  readonly before: FormerNode | undefined;
  readonly marks: readonly string[];
  readonly paths: RootPaths;
}

/** What a step changes of the state that root keeps, beside what its acts do. */
export interface StepEffect {
  readonly site?: NodeSite;
  /** 'none': what was set aside is back, or needed no more. */
  readonly before?: FormerNode | 'none';
  readonly mark?: string;
}

/** A stream whose plain bytes count only if the whole has the hash that the order names. */
export interface VerifiedInput {
  /** Hex of the SHA-256 of what comes in. */
  readonly sha256: string;
  /** 32 bytes that open a sealed archive; the hash is that of the sealed one. */
  readonly contentKey?: Uint8Array;
}

export type SitePath = 'database' | 'backups' | 'certificate' | 'certificateKey';

export interface Step {
  /** Kinds that may use it, with how often for a job; a function where the parameters decide. */
  readonly kinds: Readonly<Partial<Record<KindName, number | ((params: ParamValues) => number)>>>;
  /** Whether it acts on the node that is here. */
  readonly needsSite?: boolean;
  /** Runs to its end whatever becomes of the agent: it is short, and cut off it would leave the node between two states. */
  readonly whole?: boolean;
  /** Paths of the node that it writes to, moves or reads as root: not where the agent's user could exchange them. */
  readonly touches?: readonly SitePath[];
  /** What this job has proven and no longer holds once this step has begun. */
  readonly unproves?: string;
  readonly input?: (facts: StepFacts) => VerifiedInput;
  /** @throws RefusalError where the facts don't allow it. */
  readonly acts: (facts: StepFacts) => readonly Act[];
  /** On disk before the first act: what it takes to put back, wherever the acts are cut off. */
  readonly intent?: (facts: StepFacts) => StepEffect;
  /** After all acts went well. */
  readonly effect?: (facts: StepFacts) => StepEffect;
}
