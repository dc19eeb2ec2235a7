import type { AgentMessage } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { NodeSession } from './node-session.ts';

/** Handles one kind of frame; what it throws as ProtocolError ends the session. */
export type Handler<Value> = (session: NodeSession, value: Value) => void;

type ValueOf<Name extends AgentMessage['name']> = Extract<AgentMessage, { name: Name }>['value'];
export type Handlers = { [Name in AgentMessage['name']]: Handler<ValueOf<Name>> };

/** Frame kind -> handler. To add a frame: its codec in the protocol's catalog, its handler here (CONTRIBUTING.md). */
export class Ingest {
  readonly #handlers: Handlers;
  readonly #onOpen: (session: NodeSession) => void;
  readonly #clock: Clock;

  constructor(by: { handlers: Handlers; onOpen: (session: NodeSession) => void; clock: Clock }) {
    this.#handlers = by.handlers;
    this.#onOpen = by.onOpen;
    this.#clock = by.clock;
  }

  opened(session: NodeSession): void {
    this.#onOpen(session);
  }

  take(session: NodeSession, message: AgentMessage): void {
    session.node.lastSeen = this.#clock.now();
    const handler = this.#handlers[message.name] as Handler<unknown>;
    handler(session, message.value);
  }
}
