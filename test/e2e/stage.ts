import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { type Simulator, startSimulator } from '../chainweb/index.ts';
import { publishAgent } from '../kit/agent-release.ts';
import { type BareHost, startHostOf } from '../kit/bare-host.ts';
import { openBrowser, openTab, type Tab } from '../kit/browser.ts';
import { openTestHub, type TestHub } from '../kit/hub.ts';
import { createRegion } from '../kit/region.ts';
import { ShiftedClock } from '../kit/shifted-clock.ts';
import { temporaryDirectory } from '../kit/temporary-directory.ts';
import { until } from '../kit/until.ts';
import { random } from '../kit/wire-agent.ts';
import { MailSink } from './mail-sink.ts';
import { WebhookReceiver } from './webhook-receiver.ts';

const STEP_MS = 20_000;

/** A hub with everything around it that its people meet: a chain, mail, a webhook, a browser, hosts to install on. */
export class Stage implements AsyncDisposable {
  readonly hub: TestHub;
  readonly clock: ShiftedClock;
  readonly mail: MailSink;
  readonly webhook: WebhookReceiver;
  readonly directory: string;
  readonly origin: string;
  readonly #browser: Browser;
  readonly #chain: Simulator;
  readonly #stack: AsyncDisposableStack;
  readonly #agents = new Set<ChildProcess>();

  private constructor(parts: {
    hub: TestHub;
    clock: ShiftedClock;
    mail: MailSink;
    webhook: WebhookReceiver;
    directory: string;
    origin: string;
    browser: Browser;
    chain: Simulator;
    stack: AsyncDisposableStack;
  }) {
    this.hub = parts.hub;
    this.clock = parts.clock;
    this.mail = parts.mail;
    this.webhook = parts.webhook;
    this.directory = parts.directory;
    this.origin = parts.origin;
    this.#browser = parts.browser;
    this.#chain = parts.chain;
    this.#stack = parts.stack;
  }

  static async open(): Promise<Stage> {
    await using stack = new AsyncDisposableStack();
    const clock = new ShiftedClock();
    const { path: directory } = stack.use(await temporaryDirectory());
    const region = stack.use(await createRegion({ clock, random }));
    const dataDir = join(directory, 'hub');
    await mkdir(dataDir);
    // As root the database server runs under another account, which must be able to walk through.
    await chmod(directory, 0o711);
    const [mail, webhook, browser, chain] = await Promise.all([
      MailSink.open(),
      WebhookReceiver.open(),
      openBrowser(),
      startSimulator({ clock, history: 20 }),
      publishAgent({ dataDir, region }),
    ]);
    stack.use(mail);
    stack.use(webhook);
    stack.defer(() => browser.close());
    stack.defer(() => chain.close());
    // A passkey is bound to a name: an address will not do.
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const hub = stack.use(
      await openTestHub({
        clock,
        region,
        dataDir,
        network: chain.network,
        logLevel: 'warn',
        env: {
          PORT: String(port),
          PUBLIC_URL: origin,
          CHAINWEB_URL: chain.network.addNode({ name: 'reference' }).serviceUrl,
          SIGN_UP: 'open',
          SMTP_URL: mail.url,
          MAIL_FROM: 'Stoa Hub <hub@stoa.example>',
          HEARTBEAT_SECONDS: '1',
          // Webhooks; and bare hosts, which lie in networks of their own.
          EGRESS_ALLOW: '127.0.0.1,10.64.0.0/10',
        },
      }),
    );
    void hub.hub.tickers.run('reference-poller');
    return new Stage({ hub, clock, mail, webhook, directory, origin, browser, chain, stack: stack.move() });
  }

  tab(): Promise<Tab> {
    return openTab(this.#browser, {
      baseURL: this.origin,
      colorScheme: 'light',
      viewport: { width: 1280, height: 900 },
    });
  }

  /** The link that `npm start` prints. */
  async firstLink(): Promise<string> {
    const link = await this.hub.hub.web.accounts.firstLoginLink({ publicUrl: this.origin });
    if (link === undefined) throw new Error('somebody has signed in already');
    return link;
  }

  /** Starts the agent that was installed under the prefix; resolves when it runs. */
  async startAgent(prefix: string): Promise<ChildProcess> {
    const agent = spawn(join(prefix, 'bin/stoa-agent'), ['run'], {
      env: {
        PATH: process.env['PATH'],
        CHAINWEB_URL: this.#chain.serviceUrl,
        CHAINWEB_P2P_URL: this.#chain.p2pUrl,
        CHAINWEB_NETWORK: this.#chain.network.network.name,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.#agents.add(agent);
    await once(agent, 'spawn');
    return agent;
  }

  /** A host on which the chain's node answers as on any operator's. */
  async bareHost(): Promise<BareHost> {
    const host = await startHostOf(this.origin);
    const { serviceUrl, p2pUrl } = this.#chain;
    await host.forward(Number(new URL(serviceUrl).port), 1848);
    await host.forward(Number(new URL(p2pUrl).port), 1789);
    return host;
  }

  /** Looks at once, and does not wait for the next time. */
  async evaluateAlerts(): Promise<void> {
    await this.hub.hub.tickers.run('alert-evaluator');
  }

  /** Lets time pass in which the node is heard from again and again: at one step it would look silent. */
  async passHeard(nodeId: string, ms: number): Promise<void> {
    const { sessions } = this.hub.hub.agents.gateway;
    for (let passed = 0; passed <= ms; passed += STEP_MS) {
      await until('the node is heard', () => {
        const node = sessions.get(nodeId)?.node;
        return node !== undefined && this.clock.now() - node.lastSeen < STEP_MS / 2;
      });
      await this.evaluateAlerts();
      this.clock.advance(STEP_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.#agents) agent.kill('SIGKILL');
    await this.#stack.disposeAsync();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
