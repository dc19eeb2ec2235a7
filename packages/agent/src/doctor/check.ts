import type { Transport } from '#channel/transport.ts';
import type { AgentContext } from '#cli/agent-context.ts';
import type { IdentityFacts } from '#cli/command-deps.ts';
import type { Proc } from '#collectors/proc.ts';
import type { ErrorDescription } from '#error.ts';

export type CheckResult = 'ok' | 'warn' | 'fail' | 'skip';

export interface Finding {
  readonly result: CheckResult;
  /** What was seen, with its figures. */
  readonly why: string;
  /** What to do about it; absent where nothing needs doing. */
  readonly fix?: string;
}

/** What the checks look at, and by what means. */
export interface Patient
  extends Pick<AgentContext, 'config' | 'clock' | 'disk' | 'http' | 'nodeHttp' | 'proxies'> {
  /** Undefined before enrolment, and where it can't be read. */
  readonly identity: IdentityFacts | undefined;
  /** Why it can't be read. */
  readonly identityFault: ErrorDescription | undefined;
  /** Origin of the hub to check the way to. */
  readonly hubUrl: string | undefined;
  readonly proc: Proc;
  /** User that the checks run as. */
  readonly uid: number;
  /** Addresses of a name, of one family; rejects as node:dns does. */
  resolve(name: string, family: 4 | 6): Promise<readonly string[]>;
  readonly webSocket: Transport;
  readonly random: (bytes: number) => Uint8Array;
  /** Asks the hub once, whoever wants to know first. Rejects with HttpError. */
  hubAnswer(): Promise<HubAnswer>;
}

export interface HubAnswer {
  readonly status: number;
  /** This host's clock minus the hub's; undefined if its answer has no date. */
  readonly skewMs: number | undefined;
}

export interface Check {
  readonly id: string;
  readonly title: string;
  run(patient: Patient, signal: AbortSignal): Promise<Finding>;
}

export const ok = (why: string): Finding => ({ result: 'ok', why });
export const skip = (why: string): Finding => ({ result: 'skip', why });
export const warn = (why: string, fix: string): Finding => ({ result: 'warn', why, fix });
export const fail = (why: string, fix: string): Finding => ({ result: 'fail', why, fix });
