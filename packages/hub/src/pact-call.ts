/** A function of one argument, on one chain. */
export interface PactCall {
  readonly chain: number;
  /** `namespace.module.function`, or without a namespace. */
  readonly name: string;
}

const CALL = /^(\d{1,2}):((?:[A-Za-z_][\w-]*\.){1,2}[A-Za-z_][\w-]*)$/;

/** `0:namespace.module.function`. @returns undefined for anything else: what stands here is written into code. */
export function parsePactCall(text: string): PactCall | undefined {
  const [, chain, name] = CALL.exec(text) ?? [];
  return name === undefined ? undefined : { chain: Number(chain), name };
}
