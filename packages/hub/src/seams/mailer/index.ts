export { MailError } from './error.ts';
export { createLogMailer } from './log-mailer.ts';
export type { Mail, Mailer } from './mailer.ts';
export { createSmtpMailer } from './smtp-mailer.ts';
