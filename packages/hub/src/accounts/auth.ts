import { passkey } from '@better-auth/passkey';
import { type AuthContext, betterAuth } from 'better-auth';
import { APIError } from 'better-auth/api';
import { multiSession } from 'better-auth/plugins/multi-session';
import { twoFactor } from 'better-auth/plugins/two-factor';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Log } from '../log.ts';
import { type AuthTransactions, authDatabase } from './auth-database.ts';

export const SESSION_MS = 30 * 24 * 3_600_000;
export const PASSWORD_LENGTH = { least: 10, most: 128 } as const;
/** Where the address of the client stands for better-auth. We set it on each request; what came along is dropped. */
export const ADDRESS_HEADER = 'x-hub-client-address';
const MOST_ACCOUNTS = 10;
export const TOTP_PATH = '/two-factor/verify-totp';
/** As better-auth's own codes of errors. */
export const CODE_USED = 'CODE_USED';

export interface AuthLetters {
  resetPassword(to: string, token: string): void;
}

export interface AuthOptions {
  readonly sql: Sql;
  readonly transactions: AuthTransactions;
  /** 32 bytes: signs cookies, encrypts second factors. The same at all instances of the region. */
  readonly secret: Uint8Array;
  readonly publicUrl: string;
  readonly letters: AuthLetters;
  /** Whether the account may have sessions. */
  readonly mayHaveSession: (userId: string) => Promise<boolean>;
  /** @returns false where the account has used this code of its authenticator already (RFC 6238, 5.2). */
  readonly useCode: (userId: string, code: string) => Promise<boolean>;
  /** The mail reached who chose the password, which confirms it. */
  readonly onPasswordReset: (user: { id: string; email: string }) => Promise<void>;
  readonly log: Log;
}

/** The parts of better-auth that are used. */
export interface Auth {
  /** Its HTTP API, under /auth. */
  handler(request: Request): Promise<Response>;
  readonly $context: Promise<{
    readonly internalAdapter: Pick<
      AuthContext['internalAdapter'],
      'createAccount' | 'createSession' | 'createVerificationValue'
    >;
    readonly password: Pick<AuthContext['password'], 'hash'>;
  }>;
}

/** The name of the cookie that holds the session. `__Host-`: browsers take it from this host alone, over TLS. */
export function cookiePrefix(publicUrl: string): string {
  return isSecure(publicUrl) ? '__Host-stoa' : 'stoa';
}

export function isSecure(publicUrl: string): boolean {
  return new URL(publicUrl).protocol === 'https:';
}

/** better-auth as this hub uses it; nothing outside this folder knows of it. */
export function createAuth({
  sql,
  transactions,
  secret,
  publicUrl,
  letters,
  mayHaveSession,
  useCode,
  onPasswordReset,
  log,
}: AuthOptions): Auth {
  const { origin, hostname } = new URL(publicUrl);
  return betterAuth({
    appName: 'Stoa Hub',
    baseURL: origin,
    basePath: '/auth',
    secret: Buffer.from(secret).toString('base64url'),
    trustedOrigins: [origin],
    database: authDatabase(sql, transactions),
    telemetry: { enabled: false },
    logger: {
      level: 'warn',
      // Its texts name e-mails of those who fail to sign in; `debug` keeps them out of what is kept.
      log: (level, message) =>
        level === 'error'
          ? log.error({ auth: message }, 'sign-in is at fault')
          : log.debug({ auth: message }, 'sign-in'),
    },
    session: { expiresIn: SESSION_MS / 1_000, disableSessionRefresh: true, freshAge: 0 },
    user: {
      additionalFields: {
        tier: { type: 'string', required: false, input: false, defaultValue: 'operator' },
        disabledAt: { type: 'date', required: false, input: false },
      },
    },
    verification: { storeIdentifier: 'hashed' },
    emailAndPassword: {
      enabled: true,
      // It takes a password from who need not hold the e-mail: accounts are made without one, which the mail's link sets.
      disableSignUp: true,
      requireEmailVerification: true,
      minPasswordLength: PASSWORD_LENGTH.least,
      maxPasswordLength: PASSWORD_LENGTH.most,
      revokeSessionsOnPasswordReset: true,
      resetPasswordTokenExpiresIn: 3_600,
      sendResetPassword: async ({ user, token }) => letters.resetPassword(user.email, token),
      onPasswordReset: ({ user }) => onPasswordReset(user),
    },
    databaseHooks: {
      session: {
        create: {
          before: async ({ userId }, request) => {
            if (!(await mayHaveSession(userId))) return false;
            const { code } = (request?.body ?? {}) as { code?: unknown };
            if (request?.path !== TOTP_PATH || (await useCode(userId, String(code)))) return;
            throw new APIError('UNAUTHORIZED', { code: CODE_USED, message: 'The code was used already.' });
          },
        },
      },
    },
    rateLimit: {
      enabled: true,
      storage: 'database',
      window: 60,
      max: 120,
      customRules: {
        '/sign-in/email': { window: 60, max: 10 },
        '/request-password-reset': { window: 3_600, max: 20 },
        '/reset-password': { window: 60, max: 10 },
        [TOTP_PATH]: { window: 60, max: 10 },
        '/two-factor/verify-backup-code': { window: 60, max: 10 },
      },
    },
    advanced: {
      cookiePrefix: cookiePrefix(publicUrl),
      // The prefix says it already; better-auth would put another before it.
      useSecureCookies: false,
      defaultCookieAttributes: { secure: isSecure(publicUrl), httpOnly: true, sameSite: 'lax', path: '/' },
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
    },
    plugins: [
      twoFactor({ issuer: `Stoa Hub (${hostname})` }),
      passkey({
        rpName: 'Stoa Hub',
        rpID: hostname,
        origin,
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        authentication: {
          // A passkey stands for password and second step: a found key that asks for nothing is only one of them.
          afterVerification: ({ verification }) => {
            if (!verification.authenticationInfo.userVerified)
              throw new Error('the authenticator did not verify who used it');
          },
        },
        advanced: { webAuthnChallengeCookie: 'passkey' },
      }),
      multiSession({ maximumSessions: MOST_ACCOUNTS }),
    ],
  });
}
