import type { Header } from '@stoa/protocol/chainweb';

/** Verified headers. */
export interface Lookup {
  get(hash: string): Header | undefined;
  /** The youngest header of their chain that both rest on, or are. */
  meet(a: Header, b: Header): Header | undefined;
}

/**
 * One header per chain, none of which rests on a block that another one excludes: what chainweb calls a cut. This is the
 * heaviest that holds the anchor, chosen chain by chain, outwards from it.
 *
 * @param candidates by chain: its leaves, the preferred first among those that weigh the same
 */
export function heaviestBraid(
  headers: Lookup,
  anchor: Header,
  candidates: readonly (readonly Header[])[],
): Header[] {
  const braid = new Map([[anchor.chain, anchor]]);
  for (const [chain, pin] of pastOf(headers, anchor)) {
    const chosen = [...braid.values()];
    const fitting = (candidates[chain] ?? [])
      .map((leaf) => descendTo(headers, leaf, pin, chosen))
      .filter((header) => header !== undefined);
    const heaviest = fitting.reduce(
      (best, each) => (each.weight > best.weight ? each : best),
      fitting[0] ?? pin,
    );
    braid.set(chain, chain === anchor.chain ? anchor : heaviest);
  }
  // Chains whose part of the anchor's past lies below the checkpoint are not bound by it.
  return candidates.flatMap((leaves, chain) => braid.get(chain) ?? leaves[0] ?? []);
}

/** The youngest ancestor of the leaf, or itself, that fits beside the chosen headers; undefined if the pin is none. */
function descendTo(
  headers: Lookup,
  leaf: Header,
  pin: Header,
  chosen: readonly Header[],
): Header | undefined {
  let at: Header | undefined = headers.meet(leaf, pin) === pin ? leaf : undefined;
  while (at !== undefined && at !== pin && !chosen.every((other) => fits(headers, at, other))) {
    at = headers.get(at.parent);
  }
  return at;
}

function fits(headers: Lookup, a: Header | undefined, b: Header): boolean {
  return a !== undefined && allows(headers, a, b) && allows(headers, b, a);
}

/** Whether what the one rests on, on the other's chain, is in the other's past or future. */
function allows(headers: Lookup, header: Header, other: Header): boolean {
  const base = pastOf(headers, header).get(other.chain);
  const common = base === undefined ? undefined : headers.meet(base, other);
  return base === undefined || common === base || common === other;
}

/** The header, and the youngest header of each other chain in its past: two steps reach every chain of the graph. */
function pastOf(headers: Lookup, header: Header): Map<number, Header> {
  const past = new Map([[header.chain, header]]);
  let edge: Header[] = [header];
  while (edge.length > 0) {
    const next = edge.flatMap((each) => each.adjacents.map(({ hash }) => headers.get(hash)));
    edge = next.filter((each) => each !== undefined).filter((each) => !past.has(each.chain));
    for (const each of edge) {
      past.set(each.chain, each);
    }
  }
  return past;
}
