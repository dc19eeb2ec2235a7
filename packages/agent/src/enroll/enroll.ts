import { join } from 'node:path';
import {
  decode,
  type EnrolReply,
  encode,
  enrolReply,
  enrolRequest,
  equalBytes,
  type JoinToken,
  makeEnrolRequest,
  openChallenge,
  ProtocolError,
  parseJoinToken,
  type Random,
  toBase64Url,
  toHex,
  verifyNodeCredential,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { AGENT_PATH, isTerminator } from '#channel/transport.ts';
import { type Clock, sleep } from '#clock.ts';
import type { AgentConfig } from '#config.ts';
import type { Disk } from '#disk.ts';
import { EnrollError } from '#enroll/error.ts';
import { requireOk } from '#enroll/hub-answer.ts';
import type { Http, HttpResponse } from '#http.ts';
import { NodeRevokedError, NotEnrolledError } from '#identity/error.ts';
import { identityDirectory, type PendingEnrolment, pendingKind } from '#identity/identity.ts';
import { IdentityStore, storeIdentity } from '#identity/identity-store.ts';
import { fingerprintOf, pinOwnerKey } from '#identity/owner-key-pin.ts';
import { RecordDamagedError, readRecord, writeRecord } from '#record-line.ts';

/** What is shown before anything secret leaves the host. */
export interface EnrollOffer {
  readonly hub: string;
  readonly region: string;
  readonly owner: string;
  /** Name of the hub instance that proved itself. */
  readonly instance: string;
  /** Hex: to be compared with what the console shows. */
  readonly rootFingerprint: string;
}

export interface EnrollFacts {
  readonly hostname: string;
  readonly platform: string;
  readonly chainwebVersion: string;
}

export interface EnrollRequest {
  readonly token: string;
  confirm(offer: EnrollOffer): Promise<boolean>;
  /** Stop before the token's secret is sent. */
  readonly dryRun?: boolean;
  /** Replace an identity that is there; the old one is kept beside its evidence. */
  readonly force?: boolean;
  readonly facts: EnrollFacts;
}

export interface EnrollDeps {
  readonly config: Pick<AgentConfig, 'dataDir' | 'instance'>;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly http: Http;
  readonly random: Random;
  readonly version: string;
}

export interface EnrollOutcome extends EnrollOffer {
  readonly state: 'enrolled' | 'dry-run';
  /** Hex; of the node that would be, where `dryRun`: empty. */
  readonly nodeId: string;
  readonly label: string;
  /** Hex fingerprint of the owner's key that the node has pinned; undefined where it has none. */
  readonly ownerKey: string | undefined;
}

const TIMEOUT_MS = 15_000;
/** A hub or a network that is away for a moment is no reason to bother a person. */
const PAUSES_MS = [1_000, 4_000];

/**
 * Makes this host a node of the token's region. The hub proves that it descends from the token's root before the secret
 * is sent; the key is on disk before it is offered, so that an answer that got lost can be asked for again with the same
 * token, and brings the same certificate.
 *
 * @throws EnrollError, ProtocolError (`bad_join_token`, `wrong_root`, …), HttpError, DiskError
 */
export async function enroll(request: EnrollRequest, deps: EnrollDeps): Promise<EnrollOutcome> {
  const token = parseJoinToken(request.token);
  requireSecure(token.hub);
  const directory = identityDirectory(deps.config);
  if (!request.force) await requireVacant(deps.disk, directory);
  const first = await retrying(deps, () => meetHub(token, deps));
  const offer: EnrollOffer = {
    hub: token.hub,
    region: token.region,
    owner: token.owner,
    instance: first.instance,
    rootFingerprint: toHex(token.rootFingerprint),
  };
  if (request.dryRun) return { ...offer, state: 'dry-run', nodeId: '', label: '', ownerKey: undefined };
  if (!(await request.confirm(offer)))
    throw new EnrollError(
      'enrolment_declined',
      'the enrolment was declined: nothing was sent, the token is unused',
    );
  const pending = await prepareKey(token, directory, deps);
  // The person may have taken longer than the hub keeps an exchange.
  const reply = await retrying(deps, async () =>
    ask(await meetHub(token, deps), { token, pending, request }, deps),
  );
  const { nodeId, ownerKey } = await adopt(reply, { token, pending, directory }, deps);
  return { ...offer, state: 'enrolled', nodeId: toHex(nodeId), label: reply.label, ownerKey };
}

/** The token's secret travels to the hub: in clear only within this machine. */
function requireSecure(origin: string): void {
  const url = URL.parse(origin);
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '');
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback)) return;
  throw new EnrollError(
    'hub_insecure',
    `the token names the hub '${origin}', which is not an https:// address`,
  );
}

async function requireVacant(disk: Disk, directory: string): Promise<void> {
  try {
    const { nodeId, identity } = await IdentityStore.open(disk, directory);
    throw new EnrollError(
      'already_enrolled',
      `this data directory is node ${toHex(nodeId)} of ${identity.owner} in region '${identity.region}': name another --instance for a second node, or use --force to replace it`,
    );
  } catch (error) {
    // A revoked node may come back as a new one.
    if (!(error instanceof NotEnrolledError || error instanceof NodeRevokedError)) throw error;
  }
}

interface Meeting {
  readonly exchange: string;
  readonly transcript: Uint8Array;
  readonly instance: string;
}

/** The hub shows who it is. @throws ProtocolError where it is not the one that the token was made by. */
async function meetHub(token: JoinToken, { http, random }: EnrollDeps): Promise<Meeting> {
  const nonceA = random(32);
  const response = await post(http, `${token.hub}${AGENT_PATH}/enrol/challenge`, {
    headers: { 'stoa-nonce': toBase64Url(nonceA) },
  });
  requireOk(response, token.hub);
  const { challenge, transcript, hub } = openChallenge(
    response.body,
    { nonceA, transport: 'enrol' },
    {
      policy: {
        rootFingerprint: token.rootFingerprint,
        region: token.region,
        // Nothing has proven a time to this host yet.
        timeFloor: 0,
        minInstanceSerial: 0,
      },
      crypto: nodeCrypto,
    },
  );
  if (!isTerminator(challenge.binding, token.hub))
    throw new ProtocolError(
      'bad_binding',
      `the hub answers for ${challenge.binding.mode} '${challenge.binding.value}', not for ${token.hub}`,
    );
  const exchange = response.headers['stoa-exchange'] ?? '';
  return { exchange, transcript, instance: hub.instance.instance };
}

/** The key of an earlier try with this token, or a new one; on the medium before it is used. */
async function prepareKey(token: JoinToken, directory: string, deps: EnrollDeps): Promise<PendingEnrolment> {
  const path = pendingPath(directory);
  const known = await readPending(deps.disk, path);
  if (known !== undefined && equalBytes(known.tokenId, token.tokenId)) return known;
  const { random } = deps;
  const pending = { seed: random(32), installId: random(16), tokenId: token.tokenId };
  await writeRecord(deps.disk, path, pendingKind, pending);
  return pending;
}

async function ask(
  meeting: Meeting,
  what: { token: JoinToken; pending: PendingEnrolment; request: EnrollRequest },
  { http, version }: EnrollDeps,
): Promise<EnrolReply> {
  const { token, pending, request } = what;
  const key = nodeCrypto.signingKey(pending.seed);
  const { hostname, platform, chainwebVersion } = request.facts;
  const claim = {
    tokenId: token.tokenId,
    tokenSecret: token.secret,
    publicKey: key.publicKey,
    facts: { hostname, platform, chainwebVersion, agentVersion: version },
  };
  const body = encode(enrolRequest, makeEnrolRequest(claim, meeting.transcript, { key, crypto: nodeCrypto }));
  const headers = { 'stoa-exchange': meeting.exchange };
  const response = await post(http, `${token.hub}${AGENT_PATH}/enrol`, { headers, body });
  requireOk(response, token.hub);
  return decode(enrolReply, response.body);
}

/**
 * @throws ProtocolError where the certificate is not for this key, or not by this region; OwnerKeyChangedError, before the
 * identity is stored: the same token brings the same certificate once the pin is settled.
 */
async function adopt(
  reply: EnrolReply,
  what: { token: JoinToken; pending: PendingEnrolment; directory: string },
  { disk }: EnrollDeps,
): Promise<{ nodeId: Uint8Array; ownerKey: string | undefined }> {
  const { token, pending, directory } = what;
  const policy = { rootFingerprint: token.rootFingerprint, region: token.region, timeFloor: 0 };
  const cert = verifyNodeCredential(reply.credential, policy, nodeCrypto);
  const { publicKey } = nodeCrypto.signingKey(pending.seed);
  if (!equalBytes(cert.publicKey, publicKey) || !equalBytes(cert.nodeId, nodeCrypto.hash(publicKey)))
    throw new ProtocolError('bad_signature', 'the hub certified another key than the one that it was given');
  const pinned = await pinOwnerKey(disk, directory, reply.ownerKey);
  await storeIdentity(disk, directory, {
    seed: pending.seed,
    credential: reply.credential,
    installId: pending.installId,
    region: token.region,
    owner: reply.owner,
    label: reply.label,
    hubs: [token.hub],
  });
  await disk.remove(pendingPath(directory));
  return { nodeId: cert.nodeId, ownerKey: pinned && fingerprintOf(pinned.key) };
}

function pendingPath(directory: string): string {
  return join(directory, 'pending');
}

/** What a damaged file held is lost either way; the token decides whether a new key can be certified. */
async function readPending(disk: Disk, path: string): Promise<PendingEnrolment | undefined> {
  try {
    return await readRecord(disk, path, pendingKind);
  } catch (error) {
    if (error instanceof RecordDamagedError) return undefined;
    throw error;
  }
}

async function retrying<T>({ clock }: EnrollDeps, task: () => Promise<T>): Promise<T> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await task();
    } catch (error) {
      if (
        !(error instanceof Error && 'retry' in error && error.retry === true) ||
        error instanceof ProtocolError
      )
        throw error;
      await sleep(clock, pauseMs);
    }
  }
  return task();
}

function post(
  http: Http,
  url: string,
  request: { headers: Record<string, string>; body?: Uint8Array },
): Promise<HttpResponse> {
  return http.request({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', ...request.headers },
    body: request.body ?? new Uint8Array(),
    timeoutMs: TIMEOUT_MS,
    maxBytes: 16 * 1024,
  });
}
