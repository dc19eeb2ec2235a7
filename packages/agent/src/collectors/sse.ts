import { HttpError } from '#http-error.ts';

export interface ServerSentEvent {
  /** `message` unless the server named it. */
  readonly name: string;
  readonly data: string;
}

const MAX_EVENT_CHARACTERS = 256 * 1024;

/** Events of a text/event-stream body, as the WHATWG standard reads it, without ids and retry times. */
export async function* readEvents(
  chunks: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  const draft = new EventDraft();
  let rest = '';
  for await (const chunk of chunks) {
    // A carriage return at the very end may be the first half of a line's end.
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = draft.take(line);
      if (event) yield event;
    }
    if (draft.characters + rest.length > MAX_EVENT_CHARACTERS)
      throw new HttpError('http_too_large', what, {
        detail: `an event of over ${MAX_EVENT_CHARACTERS} characters`,
      });
  }
}

class EventDraft {
  #name = '';
  #data: string[] = [];
  characters = 0;

  /** The event that this line completes. */
  take(line: string): ServerSentEvent | undefined {
    this.characters += line.length;
    if (line === '') return this.#complete();
    const [, field, value = ''] = /^(event|data):? ?(.*)$/s.exec(line) ?? [];
    if (field === 'event') this.#name = value;
    if (field === 'data') this.#data.push(value);
    return undefined;
  }

  #complete(): ServerSentEvent | undefined {
    const event = { name: this.#name || 'message', data: this.#data.join('\n') };
    const empty = this.#data.length === 0;
    this.#name = '';
    this.#data = [];
    this.characters = 0;
    return empty ? undefined : event;
  }
}
