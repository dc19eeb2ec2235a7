import type { Mailer } from '#seams/mailer/index.ts';
import type { Log } from '../log.ts';
import type { AuthLetters } from './auth.ts';

/** The e-mails about accounts. They leave in the background: how long a server takes must not tell who has an account. */
export function createLetters(by: { mailer: Mailer; publicUrl: string; log: Log }): AuthLetters & {
  signUp(to: string, token: string): void;
  /** Somebody wanted to sign up with an e-mail that has an account. */
  alreadyHere(to: string): void;
  invite(to: string, token: string): void;
} {
  const { host } = new URL(by.publicUrl);
  const link = (path: string) => new URL(path, by.publicUrl).href;
  const send = (to: string, subject: string, lines: readonly string[]) => {
    const text = [...lines, '', `Stoa Hub at ${host}`].join('\n');
    by.mailer.send({ to, subject, text }).catch((error: unknown) => {
      by.log.warn({ err: error }, 'an e-mail about an account could not be sent');
    });
  };
  return {
    signUp: (to, token) =>
      send(to, 'Make your account', [
        'Somebody, you we hope, wants an account with this address. Choose its password within 24 hours:',
        '',
        link(`/reset/${token}`),
        '',
        'If it was not you, do nothing: without this the account can not be used.',
      ]),
    alreadyHere: (to) =>
      send(to, 'You have an account already', [
        'Somebody, you perhaps, wanted to make an account with this address. You have one. Sign in:',
        '',
        link('/sign-in'),
        '',
        'Forgot the password?',
        '',
        link('/forgot'),
      ]),
    resetPassword: (to, token) =>
      send(to, 'Choose a new password', [
        'Somebody, you we hope, wants a new password for this account. Choose it within an hour; the link works once:',
        '',
        link(`/reset/${token}`),
        '',
        'If it was not you, do nothing: the old password stays.',
      ]),
    invite: (to, token) =>
      send(to, 'You are invited', [
        'An admin of this hub made an account for you. Choose a password within 7 days; the link works once:',
        '',
        link(`/reset/${token}`),
      ]),
  };
}
