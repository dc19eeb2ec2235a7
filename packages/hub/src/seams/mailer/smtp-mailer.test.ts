import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createSmtpMailer } from './smtp-mailer.ts';

const LETTER = { to: 'a@x.example', subject: 's', text: 't' };
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A mail server that says its lines, one to each thing it hears, and then nothing more. */
async function silentAfter(...lines: readonly string[]): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    const left = [...lines];
    const say = () => left.length > 0 && socket.write(`${left.shift()}\r\n`);
    socket.on('data', say).on('error', () => undefined);
    say();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return `smtp://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

it.each([
  ['before its greeting', []],
  ['after its greeting', ['220 hi']],
  ['in the middle', ['220 hi', '250 hello', '250 sender ok']],
])('gives up a server that goes silent %s, and says that a retry may help', async (_when, lines) => {
  const mailer = createSmtpMailer({
    url: await silentAfter(...lines),
    from: 'hub@x.example',
    timeoutMs: 150,
  });
  closing.push(() => mailer.close());
  await expect(mailer.send(LETTER)).rejects.toMatchObject({ code: 'mail_failed', retry: true });
});

it.each([
  ['550 no such mailbox', false],
  ['451 try later', true],
])('says after %s whether a retry may help', async (answer, retry) => {
  const mailer = createSmtpMailer({
    url: await silentAfter('220 hi', '250 hello', '250 sender ok', answer),
    from: 'hub@x.example',
    timeoutMs: 5_000,
  });
  closing.push(() => mailer.close());
  await expect(mailer.send(LETTER)).rejects.toMatchObject({ code: 'mail_failed', retry });
});
