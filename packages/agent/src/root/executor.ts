import { toHex } from '@stoa/protocol';
import type { Clock } from '#clock.ts';
import type { Proc } from '#collectors/proc.ts';
import type { Act, RootPaths, Step, StepFacts, VerifiedInput } from '#root/act.ts';
import type { ActIo, RunAct } from '#root/act-runner.ts';
import { type Admitted, admit, type GateFacts, PUTTING_BACK, putsBack, withTime } from '#root/gate.ts';
import { type Look, looker } from '#root/look.ts';
import type { FormerNode, NodeSite } from '#root/node-site.ts';
import type { OwnerKeys } from '#root/owner-key.ts';
import { requireUnexchangeable } from '#root/path-owners.ts';
import { RefusalError } from '#root/refusal.ts';
import { findSite } from '#root/site.ts';
import type { RootState, RootStates } from '#root/state.ts';
import { isStepName, STEPS, stepLimit } from '#root/steps.ts';
import type { PinnedNode } from '#root/trust.ts';
import { Turns } from '#root/turns.ts';
import { InputProof } from '#root/verified-input.ts';
import type { OpenRequest } from '#root/wire.ts';

export interface ExecutorDeps {
  readonly clock: Clock;
  readonly proc: Proc;
  readonly states: RootStates;
  readonly ownerKeys: OwnerKeys;
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

/** Gate, table, processes: what the socket calls. */
export class Executor {
  readonly #deps: ExecutorDeps;
  readonly #turns = new Turns();

  constructor(deps: ExecutorDeps) {
    this.#deps = deps;
  }

  /**
   * The exit code of the last act, or of the first that failed.
   * @throws RefusalError, CommandError, DiskError.
   */
  run(request: OpenRequest, io: StepIo): Promise<number> {
    const step = stepOf(request.step);
    // The gate verifies the signature before the claim counts for anything but the order of turns.
    const node = claimedNode(request.message.sealed);
    return this.#turns.take(node, { gone: io.signal, putsBack: PUTTING_BACK.has(request.step) }, (ending) =>
      this.#run(request, step, { ...io, signal: step.whole ? NEVER : ending }),
    );
  }

  async #run(request: OpenRequest, step: Step, io: StepIo): Promise<number> {
    io.signal.throwIfAborted();
    const { states, ownerKeys, facts: readFacts, policyOf, runAct } = this.#deps;
    const found = await readFacts();
    const node = await ownerKeys.follow(nodeOf(request, found), found.trust.region, request.ownerKeyChanges);
    const facts = { ...found, policy: await policyOf(node) };
    const stored = await states.read(node.nodeId);
    const state = withTime(request, stored, facts.trust);
    if (state !== stored) await states.write(node.nodeId, state);
    const { admitted, next } = admit(request, { node, state, facts, limitOf: stepLimit });
    const args = argsOf(request.args);
    const begun = { ...next, marks: next.marks.filter((mark) => mark !== step.unproves) };
    // On disk before anything runs: what was obeyed once can't be played again, whatever happens to this process.
    await states.write(node.nodeId, begun);
    const name = nameOf(request, begun);
    const look = looker(runAct, { name, signal: io.signal });
    // What puts back goes by what its job has seen: what runs by now may be what is wrong.
    const known = begun.site !== '' && putsBack(request, state);
    const located =
      step.needsSite && !known ? await this.#locate(begun, { node, facts, look, signal: io.signal }) : begun;
    const stepFacts = this.#stepFacts(admitted, located, args);
    const acts = step.acts(stepFacts);
    await requireUnexchangeable(touchedBy(step, stepFacts), facts.agent, look);
    const intended = withEffect(located, step.intent?.(stepFacts));
    if (intended !== begun) await states.write(node.nodeId, intended);
    const input = step.input?.(stepFacts);
    const exitCode = await this.#runActs(acts, { name, limitMs: admitted.limitMs, io, input });
    const effect = exitCode === 0 ? step.effect?.(stepFacts) : undefined;
    if (effect !== undefined) await states.write(node.nodeId, withEffect(intended, effect));
    return exitCode;
  }

  /** What runs now; else what this job or an earlier look has left behind. */
  async #locate(
    state: RootState,
    by: { node: PinnedNode; facts: GateFacts; look: Look; signal: AbortSignal },
  ): Promise<RootState> {
    const { proc, clock } = this.#deps;
    const { node, facts, look, signal } = by;
    const site = await findSite({ proc, clock, look, agent: facts.agent }, node, signal);
    return site === undefined ? state : { ...state, site: JSON.stringify(site) };
  }

  #stepFacts({ job, kind, params }: Admitted, state: RootState, args: StepFacts['args']): StepFacts {
    const { paths } = this.#deps;
    const site = parsed<NodeSite>(state.site);
    const before = parsed<FormerNode>(state.before);
    return { job, kind, params, args, site, before, marks: state.marks, paths };
  }

  async #runActs(
    acts: readonly Act[],
    by: { name: string; limitMs: number; io: StepIo; input: VerifiedInput | undefined },
  ): Promise<number> {
    const { name, limitMs, io, input } = by;
    for (const [index, act] of acts.entries()) {
      const proof = act.input && input ? new InputProof(io.input, input) : undefined;
      const { exitCode } = await this.#deps.runAct(act, {
        ...io,
        ...(proof && { stdin: proof.plain }),
        timeoutMs: limitMs,
        name: `${name}-${index}`,
      });
      if (exitCode !== 0 && act.otherwise)
        return this.#runActs(act.otherwise, { ...by, name: `${name}-otherwise` });
      if (exitCode !== 0 && !act.mayFail) return exitCode;
      proof?.demand();
    }
    return 0;
  }
}

const NEVER: AbortSignal = new AbortController().signal;

/** Of what a step starts: unique on this host, since each request counts as a use. */
function nameOf({ message, step }: OpenRequest, { token, uses }: RootState): string {
  const count = uses.reduce((sum, use) => sum + use.count, 0);
  return `${claimedNode(message.sealed).slice(0, 8)}-${token}-${step}-${count}`;
}

function touchedBy({ touches = [] }: Step, { site }: StepFacts): string[] {
  const { directory = '', files = [] } = site?.compose ?? {};
  const own = touches.map((name) => site?.[name] ?? '');
  return [...own, directory, ...files].filter((path) => path !== '');
}

function nodeOf({ message }: OpenRequest, { trust }: Pick<GateFacts, 'trust'>): PinnedNode {
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

function parsed<T>(text: string): T | undefined {
  return text === '' ? undefined : (JSON.parse(text) as T);
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
