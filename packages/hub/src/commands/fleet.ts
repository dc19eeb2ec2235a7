import { NodeAccess } from '../accounts/index.ts';
import { AuditLog } from '../audit/index.ts';
import { BulkActs } from '../bulk/index.ts';
import { Bus } from '../bus.ts';
import { systemClock } from '../clock.ts';
import { HubError } from '../error.ts';
import { createLog } from '../log.ts';
import { type Instant, Liveness, NodeListing, parseSelector } from '../nodes/index.ts';
import type { Selector } from '../selector/index.ts';
import type { Viewer } from '../viewer.ts';
import { besideHub } from './beside.ts';
import { LOCAL } from './command-line.ts';
import type { CommandContext } from './context.ts';

/** The nodes of a region as its admin sees them who sits at the machine. */
export interface Fleet {
  readonly listing: NodeListing;
  readonly acts: BulkActs;
  readonly at: Instant;
  /** Whoever has the shell has proved to be there. */
  readonly viewer: Viewer;
}

export async function withFleet<T>(context: CommandContext, work: (fleet: Fleet) => Promise<T>): Promise<T> {
  const { config } = context;
  return besideHub(context, ({ sql }) => {
    const clock = systemClock;
    const access = new NodeAccess({ sql });
    const liveness = new Liveness({ clock, intervalMs: config.heartbeatSeconds * 1_000 });
    const bus = new Bus({ log: createLog({ level: config.logLevel }) });
    const audit = new AuditLog({ sql, clock });
    return work({
      listing: new NodeListing({ sql, access, clock, heads: NO_HEADS }),
      acts: new BulkActs({ sql, access, audit, bus, clock, liveness, heads: NO_HEADS }),
      at: liveness.at(),
      viewer: { ...LOCAL, confirmedAt: clock.now() },
    });
  });
}

/** They are verified in the memory of a running hub, and nowhere stored. */
export const NO_HEADS = { heads: () => [] };

/** @throws SelectorError; HubError `bad_selector` for what only the running hub can judge. */
export function readSelector(text: string): Selector {
  const selector = parseSelector(text);
  if (names(selector, 'chain'))
    throw new HubError(
      'bad_selector',
      "chain: is judged by heads that only the running hub holds: use lag:, the console's list, or GET /api/v1/nodes",
      { retry: false },
    );
  return selector;
}

function names(selector: Selector, field: string): boolean {
  if (selector.kind === 'term') return selector.field === field;
  if (selector.kind === 'words') return false;
  return [selector.of].flat().some((part) => names(part, field));
}
