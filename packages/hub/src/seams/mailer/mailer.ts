export interface Mail {
  readonly to: string;
  readonly subject: string;
  /** Plain text; links on lines of their own. */
  readonly text: string;
  /** The same over all attempts to send it: becomes its Message-ID, by which a repetition is told. */
  readonly id?: string;
}

/** How the hub sends e-mail: by SMTP, or to its own log where none is configured. */
export interface Mailer {
  readonly kind: 'smtp' | 'log';
  /** Resolves when the next server has taken it. @throws MailError; a server that hangs is given up after 20 s. */
  send(mail: Mail): Promise<void>;
  close(): void;
}
