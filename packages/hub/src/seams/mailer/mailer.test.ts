import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { expect } from 'vitest';
import { type MailerUnderTest, mailerContract } from './contract.ts';
import { createLogMailer } from './log-mailer.ts';
import { createSmtpMailer } from './smtp-mailer.ts';

mailerContract('log', async () => {
  const lines: string[] = [];
  return {
    mailer: createLogMailer({ write: (line) => lines.push(line) }),
    delivered: () =>
      lines.map((line) => {
        const [, to = '', subject = '', text = ''] =
          /^--- e-mail to (\S+): ([^\n]*)\n(.*)\n---$/s.exec(line) ?? [];
        return { to, subject, text };
      }),
    async [Symbol.asyncDispose]() {},
  };
});

mailerContract('smtp', async (): Promise<MailerUnderTest> => {
  const letters: { to: string; subject: string; text: string }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, { envelope }, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        // Who gets it is what the envelope says, whatever stands in the header.
        const to = envelope.rcptTo.map(({ address }) => address).join(',');
        letters.push({ to, ...readLetter(Buffer.concat(parts).toString('latin1')) });
        done();
      });
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  const mailer = createSmtpMailer({ url: `smtp://127.0.0.1:${port}`, from: 'Stoa Hub <hub@x.example>' });
  return {
    mailer,
    delivered: () => letters,
    async [Symbol.asyncDispose]() {
      mailer.close();
      await new Promise<void>((resolve) => {
        server.close(resolve);
      });
    },
  };
});

/** A message of one text part (RFC 5322, RFC 2045). */
function readLetter(raw: string): { subject: string; text: string } {
  const end = raw.indexOf('\r\n\r\n');
  const header = raw.slice(0, end).replaceAll(/\r\n[ \t]/g, ' ');
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(header)?.[1] ?? '';
  const body = raw.slice(end + 4);
  const encoding = field('Content-Transfer-Encoding');
  const bytes = encoding === 'quoted-printable' ? unquote(body) : Buffer.from(body, 'latin1');
  expect(['quoted-printable', '7bit']).toContain(encoding);
  return { subject: field('Subject'), text: bytes.toString('utf8').replaceAll('\r\n', '\n').trimEnd() };
}

function unquote(text: string): Buffer {
  const whole = text.replaceAll('=\r\n', '');
  const bytes = whole.replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1');
}
