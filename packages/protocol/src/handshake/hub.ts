import { equalBytes } from '../bytes.ts';
import type { CryptoSuite, Random, SigningKey, Verify } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import type { HubChain } from '../identity/hub-chain.ts';
import { encodeHubMessage } from '../messages/catalog.ts';
import { deriveSession, type Session } from '../session.ts';
import { OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION } from '../version.ts';
import { type Binding, makeChallenge, type Opening } from './challenge.ts';
import { type Hello, readHello } from './hello.ts';
import { matchRatchet } from './ratchet.ts';
import type { Welcome } from './welcome.ts';

/** What a hub instance brings to a handshake. */
export interface HubParty {
  readonly key: SigningKey;
  readonly chain: HubChain;
  readonly binding: Binding;
  readonly capabilities: number;
}

export interface HubOffer {
  /** The sealed Challenge, to be sent. */
  readonly challenge: Uint8Array;
  /** Hash of the offer, which an enrolment's proof of possession covers. */
  readonly transcript: Uint8Array;
  /** @throws ProtocolError where the Hello is malformed or answers another offer. Its signature is still to be checked. */
  receive(hello: Uint8Array): HubAnswer;
}

export interface HubAnswer {
  readonly hello: Hello;
  /** @throws ProtocolError `bad_signature`. Call before believing anything in `hello`. */
  verify(verify: Verify): void;
  ratchet(secrets: {
    current: Uint8Array;
    previous: Uint8Array | undefined;
  }): 'current' | 'previous' | undefined;
  /** Derives the session and its first frame. */
  welcome(welcome: Welcome): { frame: Uint8Array; session: Session };
}

export function offerChallenge(
  opening: Opening,
  at: { hubTime: number },
  by: { party: HubParty; crypto: CryptoSuite; random: Random },
): HubOffer {
  const { party, crypto, random } = by;
  const ephemeral = crypto.exchangeKey(random(32));
  const { sealed, transcript } = makeChallenge(
    {
      chain: party.chain,
      nonceH: random(32),
      hubTime: at.hubTime,
      ephH: ephemeral.publicKey,
      binding: party.binding,
      minVersion: OLDEST_PROTOCOL_VERSION,
      maxVersion: PROTOCOL_VERSION,
      capabilities: party.capabilities,
    },
    opening,
    { key: party.key, crypto },
  );
  return {
    challenge: sealed,
    transcript,
    receive(received) {
      const read = readHello(received, transcript, crypto);
      const { hello } = read;
      checkOffered(hello, party.binding);
      return {
        hello,
        verify: (verify) => read.verify(verify),
        ratchet: (secrets) => matchRatchet(hello.ratchetProof, secrets, { transcript, crypto }),
        welcome(welcome) {
          const session = deriveSession(
            { crypto, role: 'hub' },
            {
              shared: ephemeral.shared(hello.ephA),
              transcript: read.transcript,
              transport: opening.transport,
              version: hello.version,
            },
          );
          const { type, payload } = encodeHubMessage('welcome', welcome);
          return { frame: session.seal(type, payload), session };
        },
      };
    },
  };
}

function checkOffered(hello: Hello, binding: Binding): void {
  if (hello.version < OLDEST_PROTOCOL_VERSION || hello.version > PROTOCOL_VERSION)
    throw new ProtocolError(
      'unsupported_version',
      `the agent chose version ${hello.version}, which was not offered`,
    );
  const same = hello.binding.mode === binding.mode && hello.binding.value === binding.value;
  if (!same) throw new ProtocolError('bad_binding', 'the agent answers for another connection than this one');
}

/** The key that signs a Hello must be the one that it names. */
export function requireKey(hello: Hello, publicKey: Uint8Array, crypto: CryptoSuite): void {
  if (!equalBytes(hello.keyId, crypto.hash(publicKey)))
    throw new ProtocolError('bad_signature', 'the Hello names another key than the one known for this node');
}
