import type { AgentContext } from '#cli/agent-context.ts';
import type { InstallationPlaces } from '#cli/installation-places.ts';
import type { EnrollOutcome, EnrollRequest } from '#enroll/enroll.ts';

/** What the commands need of the agent's core. `main.ts` gives it; each function loads its own code when called. */
export interface CommandDeps {
  readonly version: string;
  /** Serves until `context.signal` aborts, and then ends within ten seconds (F33). */
  run(context: AgentContext): Promise<void>;
  /** The facts of the host are the callee's to find. */
  enroll(context: AgentContext, request: Omit<EnrollRequest, 'facts'>): Promise<EnrollOutcome>;
  rotateKey(context: AgentContext): Promise<RotationOutcome>;
  /** Opens a file in the person's editor. Resolves with its exit code. */
  edit(path: string): Promise<number>;
  /** Where this program was installed. */
  installation(): InstallationPlaces;
  /** Undefined where the data directory holds no identity. */
  identity(context: AgentContext): Promise<IdentityFacts | undefined>;
}

export interface RotationOutcome {
  readonly nodeId: string;
  /** `requested`: a running agent takes the new key with its next session. `committed`: the hub knows it already. */
  readonly state: 'requested' | 'committed';
}

export interface IdentityFacts {
  /** Hex. */
  readonly nodeId: string;
  readonly label: string;
  readonly region: string;
  readonly owner: string;
  /** Origin. */
  readonly hubUrl: string;
  /** Files that none but their owner may read. They need not exist. */
  readonly keyFiles: readonly string[];
  /** Longest silence that the NAT on the way was seen to survive, and when (ms since 1970). */
  readonly natIdle: { readonly idleMs: number; readonly measuredAt: number } | undefined;
}
