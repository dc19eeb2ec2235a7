import { isIP } from 'node:net';
import { type Check, type Finding, fail, ok, type Patient, skip, warn } from '#doctor/check.ts';
import { describeError } from '#error.ts';

const NO_HUB = skip('no hub is known yet: enrol, or name one with --hub URL');
const NOTICEABLE_SKEW_MS = 5000;
const HARMFUL_SKEW_MS = 60_000;
/** Pings go out at two thirds of it, and never under 15 s. */
const SHORT_NAT_MS = 30_000;

export const HUB_CHECKS: readonly Check[] = [
  { id: 'dns-v4', title: 'Name of the hub, IPv4', run: (patient) => checkDns(patient, 4) },
  { id: 'dns-v6', title: 'Name of the hub, IPv6', run: (patient) => checkDns(patient, 6) },
  { id: 'proxy', title: 'Proxy on the way to the hub', run: checkProxy },
  { id: 'hub-tls', title: 'Hub and its certificate', run: checkHub },
  { id: 'clock-skew', title: 'Clock of this host', run: checkClock },
  { id: 'websocket', title: 'WebSocket through everything on the way', run: checkWebSocket },
  { id: 'nat-idle', title: 'Silence that the NAT survives', run: async (patient) => checkNat(patient) },
];

async function checkDns({ hubUrl, proxies, resolve }: Patient, family: 4 | 6): Promise<Finding> {
  if (hubUrl === undefined) return NO_HUB;
  const name = new URL(hubUrl).hostname.replace(/^\[|\]$/g, '');
  if (isIP(name)) return skip(`the hub is named by its address ${name}`);
  if (proxies.describe(hubUrl)) return skip(`${proxies.describe(hubUrl)} resolves the name`);
  try {
    const addresses = await resolve(name, family);
    return ok(`${name} is ${addresses.join(', ')}`);
  } catch (error) {
    const why = `${name} has no IPv${family} address here: ${describeError(error).code}`;
    return family === 6
      ? skip(`${why}; IPv4 is enough`)
      : fail(why, 'Check the name, /etc/resolv.conf and that port 53 of its servers can be reached');
  }
}

async function checkProxy({ hubUrl, proxies, config, hubAnswer }: Patient): Promise<Finding> {
  if (hubUrl === undefined) return NO_HUB;
  const proxy = proxies.describe(hubUrl);
  if (proxy === undefined)
    return ok(
      config.httpsProxy ? 'NO_PROXY names the hub: the way is direct' : 'none is set: the way is direct',
    );
  try {
    await hubAnswer();
    return ok(`${proxy} opens a tunnel to the hub`);
  } catch (error) {
    const { code, message } = describeError(error);
    if (code.startsWith('proxy_'))
      return fail(
        message,
        'Check HTTPS_PROXY (with user:password@ if it asks for them), or put the hub into NO_PROXY',
      );
    return ok(`${proxy} opens a tunnel; what lies behind it does not answer`);
  }
}

async function checkHub({ hubUrl, hubAnswer }: Patient): Promise<Finding> {
  if (hubUrl === undefined) return NO_HUB;
  try {
    const { status } = await hubAnswer();
    if (status >= 500)
      return warn(`the hub answers ${status}`, 'Nothing to do here: the hub is starting, draining or ill');
    return hubUrl.startsWith('https:')
      ? ok(`${hubUrl} answers, and its certificate is good`)
      : warn(`${hubUrl} is not encrypted`, 'Use an https:// hub outside of a test');
  } catch (error) {
    const { code, message } = describeError(error);
    return fail(
      message,
      HUB_FIX[code] ?? 'Check that outbound TCP to the hub is allowed, here and on the router',
    );
  }
}

const HUB_FIX: Readonly<Record<string, string>> = {
  http_tls:
    'Check the clock of this host and the package ca-certificates. A proxy that opens TLS has an authority of its own: give it with --ca-file',
  http_dns: 'See the check of the name',
  proxy_refused: 'See the check of the proxy',
  proxy_unreachable: 'See the check of the proxy',
};

async function checkClock({ hubUrl, hubAnswer }: Patient): Promise<Finding> {
  if (hubUrl === undefined) return NO_HUB;
  const answer = await hubAnswer().catch(() => undefined);
  if (answer?.skewMs === undefined) return skip('the hub told no time');
  const seconds = Math.round(Math.abs(answer.skewMs) / 1000);
  const why = `the clock is ${seconds} s ${answer.skewMs > 0 ? 'ahead of' : 'behind'} the hub’s`;
  const fix =
    'Switch on time synchronisation: timedatectl set-ntp true (or chrony). The agent connects regardless; chainweb may not';
  if (Math.abs(answer.skewMs) > HARMFUL_SKEW_MS) return fail(why, fix);
  return Math.abs(answer.skewMs) > NOTICEABLE_SKEW_MS ? warn(why, fix) : ok(why);
}

/** The first message of the hub, its Challenge, has to come through: some middleboxes let the upgrade pass and nothing after it. */
function checkWebSocket(patient: Patient, signal: AbortSignal): Promise<Finding> {
  const { hubUrl, webSocket, random, config } = patient;
  if (hubUrl === undefined) return Promise.resolve(NO_HUB);
  if (config.transport === 'long-poll') return Promise.resolve(skip('the transport is set to long-poll'));
  return new Promise((resolve) => {
    const link = webSocket.dial(
      { origin: hubUrl, nonceA: random(32) },
      {
        message: () => {
          resolve(ok('upgraded, and the hub’s first message arrived'));
          link.close(1000, 'doctor');
        },
        drained: () => undefined,
        closed: ({ opened, httpStatus, reason, cause }) => {
          const detail = httpStatus ? `HTTP ${httpStatus}` : cause ? describeError(cause).message : reason;
          const seen = opened ? `closed before the hub’s first message (${detail})` : `no upgrade: ${detail}`;
          resolve(
            config.transport === 'websocket'
              ? fail(seen, 'Something on the way blocks WebSockets: set --transport auto, or let it pass')
              : warn(
                  seen,
                  'Frames go by long-poll instead, which costs more. Let WebSockets to the hub pass',
                ),
          );
        },
      },
    );
    signal.addEventListener('abort', () => link.destroy(), { once: true });
  });
}

function checkNat({ identity, clock }: Patient): Finding {
  if (identity === undefined) return NO_HUB;
  if (identity.natIdle === undefined)
    return skip('not measured yet: the agent does so within half an hour of a session');
  const { idleMs, measuredAt } = identity.natIdle;
  const days = Math.max(0, Math.round((clock.now() - measuredAt) / 86_400_000));
  const why = `a connection survived ${Math.round(idleMs / 1000)} s of silence (measured ${days} d ago); pings follow it`;
  return idleMs < SHORT_NAT_MS
    ? warn(why, 'Raise the idle time-out for TCP of the router or firewall; the agent pings often until then')
    : ok(why);
}
