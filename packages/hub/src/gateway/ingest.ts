import type { AgentMessage } from '@stoa/protocol';
import type { NodeSession } from './node-session.ts';

/** Handles one kind of frame, taken at `now`; what it throws as ProtocolError ends the session. */
export type Handler<Value> = (session: NodeSession, value: Value, now: number) => void;

type ValueOf<Name extends AgentMessage['name']> = Extract<AgentMessage, { name: Name }>['value'];
export type Handlers = { [Name in AgentMessage['name']]: Handler<ValueOf<Name>> };

/** Frame kind -> handler. To add a frame: its codec in the protocol's catalog, its handler here (CONTRIBUTING.md). */
export class Ingest {
  readonly #handlers: Handlers;

  constructor(handlers: Handlers) {
    this.#handlers = handlers;
  }

  take(session: NodeSession, message: AgentMessage, now: number): void {
    const handler = this.#handlers[message.name] as Handler<unknown>;
    handler(session, message.value, now);
  }
}
