import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import type { AuditLog } from '#audit/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import type { Mail } from '#seams/mailer/index.ts';
import { systemClock } from '../clock.ts';
import { scopedPath } from '../console/scope.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import { createLog } from '../log.ts';
import { viewerOf } from '../viewer.ts';
import { Accounts, type AccountsOptions } from './accounts.ts';
import { accountRoutes } from './pages/index.ts';

export const PAGE = { accept: 'text/html' };

/** Accounts over a real database, as an application; time is the machine's, moved by `clock.ahead`. */
export async function openAccounts(
  database: DbAdapter,
  over: Partial<Pick<AccountsOptions, 'publicUrl' | 'signUp'>> = {},
) {
  const clock = { ...systemClock, ahead: 0, now: () => systemClock.now() + clock.ahead };
  const mails: Mail[] = [];
  const acts: Parameters<AuditLog['appendIn']>[1][] = [];
  const failing = { audit: false };
  const address = { of: '203.0.113.1' };
  const accounts = await Accounts.open({
    sql: database.sql,
    clock,
    random: randomBytes,
    log: createLog({ level: 'silent' }),
    publicUrl: 'http://hub.example',
    mailer: { kind: 'log', send: async (mail) => void mails.push(mail), close: () => undefined },
    audit: {
      async appendIn(_tx, act) {
        if (failing.audit) throw new Error('the audit log takes nothing');
        return void acts.push(act) as never;
      },
    },
    signUp: 'open',
    adminEmail: 'admin@stoa.local',
    addressOf: () => address.of,
    ...over,
  });
  const app: HubApp = new Hono<HttpEnv>({ getPath: scopedPath });
  app.use(async (c, next) => {
    c.setRenderer(async (content) => c.html(await content));
    await next();
  });
  accountRoutes(accounts).mount(app);
  app.get('/private', accounts.requireViewer, (c) => c.json(viewerOf(c)));
  app.onError((thrown, c) => c.text(toHttpError(thrown).code, toHttpError(thrown).status));
  return { accounts, app, clock, mails, acts, failing, address, visitor: () => new Visitor(app) };
}

/** A browser: keeps cookies, sends forms, follows nothing. */
export class Visitor {
  readonly #app: HubApp;
  readonly cookies = new Map<string, string>();

  constructor(app: HubApp) {
    this.#app = app;
  }

  get(path: string, headers: Record<string, string> = PAGE): Promise<Response> {
    return this.#send(path, { headers });
  }

  post(path: string, fields: Record<string, string>): Promise<Response> {
    return this.#send(path, { method: 'POST', body: new URLSearchParams(fields), headers: PAGE });
  }

  /** Who the hub takes this browser for. */
  async who(scope = ''): Promise<{ email: string; tier: string; confirmedAt: number } | number> {
    const answer = await this.get(`${scope}/private`, {});
    return answer.status === 200
      ? ((await answer.json()) as { email: string; tier: string; confirmedAt: number })
      : answer.status;
  }

  async followLink(link: string): Promise<Response> {
    return this.post('/sign-in', { link: link.split('/').at(-1)! });
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await this.#app.request(path, {
      ...init,
      headers: { ...(init.headers as Record<string, string>), ...(cookie !== '' && { cookie }) },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /max-age=0/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }
}
