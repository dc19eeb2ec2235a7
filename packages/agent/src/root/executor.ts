import { toHex } from '@stoa/protocol';
import type { Clock } from '#clock.ts';
import type { Proc } from '#collectors/proc.ts';
import type { Act, RootPaths, Step, StepFacts } from '#root/act.ts';
import type { ActIo, RunAct } from '#root/act-runner.ts';
import { type Admitted, admit, type GateFacts, withTime } from '#root/gate.ts';
import { RefusalError } from '#root/refusal.ts';
import { findSite, type NodeSite } from '#root/site.ts';
import type { RootState, RootStates } from '#root/state.ts';
import { isStepName, STEPS, stepLimit } from '#root/steps.ts';
import type { PinnedNode } from '#root/trust.ts';
import { InputProof } from '#root/verified-input.ts';
import type { OpenRequest } from '#root/wire.ts';

export interface ExecutorDeps {
  readonly clock: Clock;
  readonly proc: Proc;
  readonly states: RootStates;
  /** Reads the root-owned files and the kernel's clock anew for each request. */
  readonly facts: () => Promise<Omit<GateFacts, 'policy'>>;
  /** Text of the node's local policy; undefined where there is none. */
  readonly policyOf: (node: PinnedNode) => Promise<string | undefined>;
  readonly runAct: RunAct;
  readonly paths: RootPaths;
}

export interface StepIo extends Pick<ActIo, 'onLine' | 'onBytes' | 'signal'> {
  /** The archive that the agent streams in. */
  readonly input: AsyncIterable<Uint8Array>;
}

/** Gate, table, processes: what the socket calls. One step at a time, since state is read and written. */
export class Executor {
  readonly #deps: ExecutorDeps;
  #busy = false;

  constructor(deps: ExecutorDeps) {
    this.#deps = deps;
  }

  /**
   * The exit code of the last act, or of the first that failed.
   * @throws RefusalError if nothing was run, or if what came in is not what was ordered; CommandError, DiskError.
   */
  async run(request: OpenRequest, io: StepIo): Promise<number> {
    if (this.#busy) throw new RefusalError('root_busy', 'another step is running');
    this.#busy = true;
    try {
      return await this.#run(request, io);
    } finally {
      this.#busy = false;
    }
  }

  async #run(request: OpenRequest, io: StepIo): Promise<number> {
    const { states, facts: readFacts, policyOf } = this.#deps;
    const found = await readFacts();
    const node = nodeOf(request, found);
    const facts = { ...found, policy: await policyOf(node) };
    const known = await states.read(node.nodeId);
    const state = withTime(request, known, facts.trust);
    if (state !== known) await states.write(node.nodeId, state);
    const { admitted, next } = admit(request, { node, state, facts, limitOf: stepLimit });
    const step = stepOf(request.step);
    const args = argsOf(request.args);
    // On disk before anything runs: what was obeyed once can't be played again, whatever happens to this process.
    await states.write(node.nodeId, next);
    const located = step.needsSite ? await this.#locate(admitted, next, io.signal) : next;
    const stepFacts = this.#stepFacts(admitted, located, args);
    const exitCode = await this.#runActs(step, stepFacts, {
      admitted,
      step: request.step,
      next: located,
      io,
    });
    const effect = exitCode === 0 ? step.effect?.(stepFacts) : undefined;
    await states.write(node.nodeId, withEffect(located, effect));
    return exitCode;
  }

  /** What runs now; else what this job or an earlier look has left behind. */
  async #locate({ node }: Admitted, state: RootState, signal: AbortSignal): Promise<RootState> {
    const { proc, clock, runAct } = this.#deps;
    const inspect = async (container: string): Promise<string | undefined> => {
      const lines: string[] = [];
      const act: Act = { argv: ['docker', 'inspect', '--type', 'container', '--', container], bytes: true };
      const onBytes = (chunk: Uint8Array): void => void lines.push(Buffer.from(chunk).toString('latin1'));
      const name = `inspect-${state.token}-${state.uses.length}-${clock.monotonic().toFixed(0)}`;
      const { exitCode } = await runAct(act, { signal, timeoutMs: INSPECT_MS, onBytes, name });
      return exitCode === 0 ? Buffer.from(lines.join(''), 'latin1').toString('utf8') : undefined;
    };
    const site = await findSite({ proc, clock, inspect }, node, signal);
    return site === undefined ? state : { ...state, site: JSON.stringify(site) };
  }

  #stepFacts({ job, kind, params }: Admitted, state: RootState, args: StepFacts['args']): StepFacts {
    const { paths } = this.#deps;
    const site = siteFrom(state.site);
    return { job, kind, params, args, site, before: siteFrom(state.before), marks: state.marks, paths };
  }

  async #runActs(
    step: Step,
    facts: StepFacts,
    by: { admitted: Admitted; step: string; next: RootState; io: StepIo },
  ): Promise<number> {
    const { admitted, next, io } = by;
    const acts = step.acts(facts);
    const expected = step.input?.(facts);
    const count = next.uses.find((use) => use.step === by.step)?.count ?? 0;
    for (const [index, act] of acts.entries()) {
      const proof = act.input && expected ? new InputProof(io.input, expected) : undefined;
      const { exitCode } = await this.#deps.runAct(act, {
        ...io,
        ...(proof && { stdin: proof.plain }),
        timeoutMs: admitted.limitMs,
        name: `${toHex(admitted.job.nodeId).slice(0, 8)}-${next.token}-${by.step}-${count}-${index}`,
      });
      if (exitCode !== 0 && !act.mayFail) return exitCode;
      proof?.demand();
    }
    return 0;
  }
}

const INSPECT_MS = 30_000;

function nodeOf({ message }: OpenRequest, { trust }: Pick<GateFacts, 'trust'>): PinnedNode {
  // Which of the pinned nodes it may be for: the gate verifies the signature before that counts for anything.
  const claimed = claimedNode(message.sealed);
  const node = trust.nodes.find(({ nodeId }) => nodeId === claimed);
  if (node === undefined)
    throw new RefusalError('root_not_pinned', 'the job is for no node that is pinned on this host');
  return node;
}

/** The body of a job begins with its node's id, behind the two bytes of the body's length. */
function claimedNode(sealed: Uint8Array): string {
  return toHex(sealed.subarray(2, 34));
}

function stepOf(name: string): Step {
  if (isStepName(name)) return STEPS[name];
  throw new RefusalError('root_no_step', `'${name}' is no step`);
}

function argsOf(text: string): StepFacts['args'] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RefusalError('root_bad_args', 'the arguments are no JSON', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RefusalError('root_bad_args', 'the arguments are no JSON object');
  return value as StepFacts['args'];
}

function siteFrom(text: string): NodeSite | undefined {
  return text === '' ? undefined : (JSON.parse(text) as NodeSite);
}

function withEffect(
  state: RootState,
  effect: ReturnType<NonNullable<Step['effect']>> | undefined,
): RootState {
  if (effect === undefined) return state;
  return {
    ...state,
    ...(effect.site && { site: JSON.stringify(effect.site) }),
    ...(effect.before && { before: effect.before === 'none' ? '' : JSON.stringify(effect.before) }),
    ...(effect.mark && !state.marks.includes(effect.mark) && { marks: [...state.marks, effect.mark] }),
  };
}
