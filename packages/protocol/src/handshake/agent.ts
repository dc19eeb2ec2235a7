import type { CryptoSuite, Random, SigningKey } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import type { ChainPolicy, VerifiedHub } from '../identity/hub-chain.ts';
import type { NodeCredential } from '../identity/node-cert.ts';
import { decodeHubMessage } from '../messages/catalog.ts';
import { deriveSecrets, type Session } from '../session.ts';
import { OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION } from '../version.ts';
import { type Binding, type Opening, openChallenge } from './challenge.ts';
import { makeHello } from './hello.ts';
import { maskRatchet, proveRatchet } from './ratchet.ts';
import type { Welcome } from './welcome.ts';

/** What the agent brings to a handshake. */
export interface AgentParty {
  readonly key: SigningKey;
  readonly nodeId: Uint8Array;
  readonly credential: NodeCredential;
  readonly ratchet: Uint8Array;
  readonly reportedEpoch: number;
  readonly bootId: Uint8Array;
  readonly installId: Uint8Array;
  readonly agentVersion: string;
  readonly capabilities: number;
  readonly policy: ChainPolicy;
  /** Highest protocol version used with this region: a lower one is a downgrade and refused. */
  readonly versionFloor: number;
  /** Whether the signed binding is the one of this very connection (host dialled, or TLS exporter). */
  acceptsBinding(binding: Binding): boolean;
}

export interface AgentAnswer {
  /** The sealed Hello, to be sent. */
  readonly hello: Uint8Array;
  readonly hub: VerifiedHub;
  readonly hubTime: number;
  /** @throws ProtocolError where the first frame is no Welcome under the derived keys, or of another version. */
  welcome(frame: Uint8Array): { welcome: Welcome; session: Session };
}

/** @throws ProtocolError where the hub is not the one that the node joined, or speaks no acceptable version. */
export function answerChallenge(
  sealed: Uint8Array,
  opening: Opening,
  by: { party: AgentParty; crypto: CryptoSuite; random: Random },
): AgentAnswer {
  const { party, crypto } = by;
  const { challenge, transcript, hub } = openChallenge(sealed, opening, { policy: party.policy, crypto });
  if (!party.acceptsBinding(challenge.binding))
    throw new ProtocolError(
      'bad_binding',
      `the hub answers for ${challenge.binding.mode} '${challenge.binding.value}', which is not the connection that was dialled`,
    );
  const version = chooseVersion(challenge.minVersion, challenge.maxVersion, party.versionFloor);
  const ephemeral = crypto.exchangeKey(by.random(32));
  const made = makeHello(
    {
      nodeId: party.nodeId,
      keyId: crypto.hash(party.key.publicKey),
      credential: party.credential,
      reportedEpoch: party.reportedEpoch,
      bootId: party.bootId,
      installId: party.installId,
      ephA: ephemeral.publicKey,
      ratchetProof: proveRatchet(party.ratchet, transcript, crypto),
      version,
      capabilities: party.capabilities,
      agentVersion: party.agentVersion,
      binding: challenge.binding,
    },
    transcript,
    { key: party.key, crypto },
  );
  const shared = ephemeral.shared(challenge.ephH);
  const { session, mask } = deriveSecrets(
    { crypto, role: 'agent' },
    { shared, transcript: made.transcript, transport: opening.transport, version },
  );
  return {
    hello: made.sealed,
    hub,
    hubTime: challenge.hubTime,
    welcome(frame) {
      const { type, payload } = session.open(frame);
      const message = decodeHubMessage(type, payload);
      if (message.name !== 'welcome')
        throw new ProtocolError(
          'malformed',
          `the session begins with a ${message.name} frame, Welcome expected`,
        );
      const welcome = message.value;
      if (welcome.version !== version)
        throw new ProtocolError(
          'unsupported_version',
          `the Welcome is of version ${welcome.version}; ${version} was agreed on`,
        );
      return { welcome: { ...welcome, ratchet: maskRatchet(welcome.ratchet, mask) }, session };
    },
  };
}

function chooseVersion(min: number, max: number, floor: number): number {
  const version = Math.min(max, PROTOCOL_VERSION);
  const least = Math.max(min, OLDEST_PROTOCOL_VERSION, floor);
  if (version < least)
    throw new ProtocolError(
      'unsupported_version',
      `the hub speaks versions ${min} to ${max}; this agent ${Math.max(OLDEST_PROTOCOL_VERSION, floor)} to ${PROTOCOL_VERSION}`,
    );
  return version;
}
