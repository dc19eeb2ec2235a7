import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { until } from '../kit/until.ts';

export interface Letter {
  readonly to: string;
  /** Headers and text, its transfer encoding undone. */
  readonly body: string;
}

/** A real SMTP server that keeps what it is given. */
export class MailSink implements AsyncDisposable {
  readonly letters: Letter[] = [];
  readonly #server: SMTPServer;

  private constructor(server: SMTPServer) {
    this.#server = server;
  }

  static async open(): Promise<MailSink> {
    const server: SMTPServer = new SMTPServer({
      authOptional: true,
      hideSTARTTLS: true,
      onData(stream, session, done) {
        void text(stream).then((raw) => {
          for (const { address } of session.envelope.rcptTo)
            sink.letters.push({ to: address, body: readable(raw) });
          done();
        });
      },
    });
    const sink = new MailSink(server);
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    return sink;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.#server.server.address() as AddressInfo).port}`;
  }

  /** The newest letter to the address whose text matches, waited for. */
  async letter(to: string, pattern: RegExp): Promise<Letter> {
    const find = () => this.letters.findLast((letter) => letter.to === to && pattern.test(letter.body));
    await until(`a letter to ${to} that matches ${pattern}`, () => find() !== undefined);
    return find()!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(resolve));
  }
}

/** Quoted-printable and encoded subjects as people see them. */
function readable(raw: string): string {
  const bytes = (escaped: string) =>
    escaped.replace(/(?:=[0-9A-F]{2})+/g, (run) =>
      Buffer.from(run.replaceAll('=', ''), 'hex').toString('utf8'),
    );
  const subject = raw.replace(/=\?UTF-8\?Q\?(.*?)\?=/gi, (_, word: string) =>
    bytes(word.replaceAll('_', ' ')),
  );
  return /quoted-printable/i.test(raw) ? bytes(subject.replace(/=\r?\n/g, '')) : subject;
}

/** The first link of a letter. */
export function linkIn({ body }: Letter): string {
  const [link] = /https?:\/\/\S+/.exec(body) ?? [];
  if (link === undefined) throw new Error(`no link in the letter:\n${body}`);
  return link;
}
