import { equalBytes } from '../bytes.ts';
import type { CryptoSuite, Random, SigningKey, Verify } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import type { HubChain } from '../identity/hub-chain.ts';
import { encodeHubMessage } from '../messages/catalog.ts';
import { deriveSecrets, type Session } from '../session.ts';
import { OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION } from '../version.ts';
import { type Binding, makeChallenge, type Opening, type Transport } from './challenge.ts';
import type { EphemeralKeys } from './ephemeral.ts';
import { type Hello, readHello, type UnverifiedHello } from './hello.ts';
import { maskRatchet, matchRatchet } from './ratchet.ts';
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
  /**
   * Once only. @throws ProtocolError where the Hello is malformed or answers another offer, `bad_sequence` for a second
   * one. Its signature is still to be checked.
   */
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
  /**
   * Derives the session and its first frame: once, after `verify`.
   * @throws ProtocolError `bad_key_exchange`; Error where the signature was not checked.
   */
  welcome(welcome: Welcome): { frame: Uint8Array; session: Session };
}

/**
 * @param by.ephemerals of the instance; without them each handshake pays for a key of its own.
 * @throws ProtocolError `malformed` where the agent's nonce is not 32 bytes.
 */
export function offerChallenge(
  opening: Opening,
  at: { hubTime: number },
  by: { party: HubParty; crypto: CryptoSuite; random: Random; ephemerals?: EphemeralKeys },
): HubOffer {
  const { party, crypto, random } = by;
  const ephemeral = by.ephemerals?.at(at.hubTime) ?? crypto.exchangeKey(random(32));
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
  let answered = false;
  return {
    challenge: sealed,
    transcript,
    receive(received) {
      // A second Hello under one offer would get a second session with the keys of the first.
      if (answered) throw new ProtocolError('bad_sequence', 'the offer was answered before');
      answered = true;
      const read = readHello(received, transcript, crypto);
      checkOffered(read.hello, party.binding);
      const shared = () => ephemeral.shared(read.hello.ephA);
      return answerHello(read, { transcript, transport: opening.transport, shared }, crypto);
    },
  };
}

function answerHello(
  read: UnverifiedHello,
  offer: { transcript: Uint8Array; transport: Transport; shared: () => Uint8Array },
  crypto: CryptoSuite,
): HubAnswer {
  const { hello } = read;
  let state: 'unverified' | 'verified' | 'welcomed' = 'unverified';
  return {
    hello,
    verify(verify) {
      read.verify(verify);
      if (state === 'unverified') state = 'verified';
    },
    ratchet: (secrets) => matchRatchet(hello.ratchetProof, secrets, { transcript: offer.transcript, crypto }),
    welcome(welcome) {
      if (state !== 'verified') throw new Error(`no Welcome for a Hello that is ${state}`);
      state = 'welcomed';
      const { session, mask } = deriveSecrets(
        { crypto, role: 'hub' },
        {
          shared: offer.shared(),
          transcript: read.transcript,
          transport: offer.transport,
          version: hello.version,
        },
      );
      const ratchet = maskRatchet(welcome.ratchet, mask);
      const { type, payload } = encodeHubMessage('welcome', { ...welcome, ratchet });
      return { frame: session.seal(type, payload), session };
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
