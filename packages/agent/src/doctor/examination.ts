import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { createWebSocketTransport } from '#channel/websocket.ts';
import type { AgentContext } from '#cli/agent-context.ts';
import type { IdentityFacts } from '#cli/command-deps.ts';
import { openProc } from '#collectors/proc.ts';
import { CHAINWEB_CHECKS } from '#doctor/chainweb-checks.ts';
import type { HubAnswer, Patient } from '#doctor/check.ts';
import { HOST_CHECKS } from '#doctor/host-checks.ts';
import { HUB_CHECKS } from '#doctor/hub-checks.ts';
import { type DoctorReport, examine } from '#doctor/report.ts';
import { UPDATE_CHECKS } from '#doctor/update-checks.ts';
import { describeError } from '#error.ts';

const HUB_TIMEOUT_MS = 10_000;

export interface ExaminationSubject {
  /** Rejects where the identity can't be read: that is a finding too. */
  identity: () => Promise<IdentityFacts | undefined>;
  /** Origin; instead of the identity's hub. */
  hubUrl?: string | undefined;
}

/** Every check, on this very host. */
export async function examineHost(context: AgentContext, subject: ExaminationSubject): Promise<DoctorReport> {
  const { identity, identityFault } = await subject.identity().then(
    (facts) => ({ identity: facts, identityFault: undefined }),
    (error: unknown) => ({ identity: undefined, identityFault: describeError(error) }),
  );
  const hubUrl = subject.hubUrl ?? identity?.hubUrl;
  let answer: Promise<HubAnswer> | undefined;
  const patient: Patient = {
    ...context,
    identity,
    identityFault,
    hubUrl,
    proc: openProc(),
    uid: process.getuid?.() ?? 0,
    resolve: async (name, family) => {
      const found = await lookup(name, { family, all: true });
      return found.map(({ address }) => address);
    },
    webSocket: createWebSocketTransport(context),
    random: randomBytes,
    hubAnswer: () => {
      answer ??= askHub(context, hubUrl ?? '');
      return answer;
    },
  };
  return examine(
    patient,
    [...HUB_CHECKS, ...CHAINWEB_CHECKS, ...HOST_CHECKS, ...UPDATE_CHECKS],
    context.signal,
  );
}

async function askHub({ http, clock, signal }: AgentContext, hubUrl: string): Promise<HubAnswer> {
  const sentAt = clock.now();
  const url = `${hubUrl}/healthz`;
  const { status, headers } = await http.request({ url, timeoutMs: HUB_TIMEOUT_MS, signal });
  const localMs = (sentAt + clock.now()) / 2;
  // Whole seconds, cut off: half a second old on the average.
  const hubMs = Date.parse(headers['date'] ?? '') + 500;
  return { status, skewMs: Number.isNaN(hubMs) ? undefined : Math.round(localMs - hubMs) };
}
