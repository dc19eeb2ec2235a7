import type { Parameters } from '@stoa/protocol';

/** Parameters of a kind, as programs are told of them. */
export function parametersOut(
  parameters: Parameters,
): Record<string, { readonly type: string; readonly doc: string }> {
  return Object.fromEntries(Object.entries(parameters).map(([name, { type, doc }]) => [name, { type, doc }]));
}
