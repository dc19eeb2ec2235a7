import { concat, utf8 } from '@stoa/protocol';

const NAME = 3;
const ROOT = 32;

/** Groups with their roots, ascending, 35 bytes each: 4,096 of them are 143 KB. */
export function packGroups(groups: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return concat(...[...groups].flatMap(([group, root]) => [utf8(group), root]));
}

/** Of what was not packed so, whatever there is in it: its root is not what was signed. */
export function packedGroups(packed: Uint8Array): Map<string, Uint8Array> {
  const groups = new Map<string, Uint8Array>();
  for (let at = 0; at + NAME + ROOT <= packed.length; at += NAME + ROOT)
    groups.set(
      String.fromCharCode(...packed.subarray(at, at + NAME)),
      packed.subarray(at + NAME, at + NAME + ROOT),
    );
  return groups;
}
