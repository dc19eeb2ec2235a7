import { createInterface } from 'node:readline';
import type { Clock } from '@stoa/hub';
import { FLAGS } from '../test/world/flags.ts';
import type { FlagSwitch } from './demo-fleet.ts';
import { type DemoHours, timeOf } from './demo-hours.ts';
import { type Break, readBreak, UsageError } from './demo-options.ts';

export interface DemoFlagsOptions {
  readonly clock: Clock;
  readonly hours: Pick<DemoHours, 'noteSwitched'>;
  /** Of the nodes that are agents, by label. */
  readonly nodeIds: ReadonlyMap<string, string>;
  readonly tell: (flag: FlagSwitch) => void;
  readonly say: (line: string) => void;
}

const MINUTE_MS = 60_000;

/** Flags that a person has switched off: by the command line at a minute, or by a line while the demo runs. */
export class DemoFlags {
  readonly #options: DemoFlagsOptions;

  constructor(options: DemoFlagsOptions) {
    this.#options = options;
  }

  /** From now on the minutes count. @throws {UsageError} where a node is not one of them. */
  start(breaks: readonly Break[]): void {
    for (const one of breaks) this.#plan(one);
    createInterface({ input: process.stdin }).on('line', (line) => this.#read(line.trim()));
  }

  /** @throws {UsageError} */
  known(labels: readonly string[]): void {
    for (const label of labels) this.#nodeId(label);
  }

  #read(line: string): void {
    if (line === '') return;
    try {
      this.#plan(readBreak(line));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.#options.say(error.message);
    }
  }

  #plan(one: Break): void {
    const nodeId = this.#nodeId(one.node);
    this.#options.clock.after(one.minute * MINUTE_MS, () => this.#off(one, nodeId));
  }

  #off({ node, flag, minutes }: Break, nodeId: string): void {
    const { clock, hours, tell, say } = this.#options;
    const from = clock.now();
    const until = from + minutes * MINUTE_MS;
    hours.noteSwitched({ node, nodeId, flag, from, until });
    tell({ label: node, flag, on: false });
    say(`${timeOf(from)} ${node}: ${FLAGS[flag].about}, until ${timeOf(until)}`);
    clock.after(minutes * MINUTE_MS, () => {
      tell({ label: node, flag, on: true });
      say(`${timeOf(clock.now())} ${node}: as it was`);
    });
  }

  #nodeId(label: string): string {
    const nodeId = this.#options.nodeIds.get(label);
    if (nodeId !== undefined) return nodeId;
    const some = [...this.#options.nodeIds.keys()].slice(0, 3).join(', ');
    throw new UsageError(`no agent of this demo is called '${label}': they are ${some} …`);
  }
}
