import type { Codec } from '@stoa/protocol';

/** For each method what is asked and what is answered. */
export type CallTable<C> = {
  readonly [M in keyof C]: { readonly request: unknown; readonly answer: unknown };
};

export type MethodOf<C> = keyof C & string;

/** What one daemon is asked over its socket. */
export interface Dialect<C extends CallTable<C>> {
  readonly methods: {
    readonly [M in keyof C]: {
      readonly request: Codec<C[M]['request']>;
      readonly answer: Codec<C[M]['answer']>;
    };
  };
  /** Of a whole message, its length prefix not counted. */
  readonly maxMessageBytes: number;
  /** How a person starts the daemon, for the error that nobody answers. */
  readonly command: string;
}

/** Who does what is asked. */
export interface Callee<C extends CallTable<C>> {
  readonly dialect: Dialect<C>;
  /** @throws SignerError by the method. */
  call<M extends MethodOf<C>>(method: M, request: C[M]['request']): Promise<C[M]['answer']>;
}

export function isMethod<C extends CallTable<C>>({ methods }: Dialect<C>, name: string): name is MethodOf<C> {
  return Object.hasOwn(methods, name);
}
