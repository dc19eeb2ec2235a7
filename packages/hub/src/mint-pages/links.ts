/** Where people look at a transaction of the chain, outside of the hub: an address with `{chain}` and `{key}` in it. */
export interface TransactionLinks {
  readonly template: string | undefined;
}

/** @returns undefined where no such place is configured. */
export function linkTo(
  { template }: TransactionLinks,
  { chain, requestKey }: { readonly chain: number; readonly requestKey: string },
): string | undefined {
  return template?.replaceAll('{chain}', String(chain)).replaceAll('{key}', requestKey);
}
