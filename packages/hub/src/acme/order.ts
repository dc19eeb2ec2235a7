import { crypto as acmeCrypto, axios, Client } from 'acme-client';
import { HubError } from '../error.ts';

export interface Order {
  /** Of the CA (RFC 8555 §7.1.1). */
  readonly directory: URL;
  /** PEM. */
  readonly accountKey: string;
  /** Where the CA warns; none where undefined. */
  readonly contact: string | undefined;
  /** DNS name. */
  readonly name: string;
  /** Shows the CA the certificate by which it knows the name, until disposed. */
  readonly prove: (proof: { cert: string; key: string }) => Disposable;
}

export class AcmeError extends HubError<'acme_failed'> {
  override readonly name = 'AcmeError';
  constructor(name: string, by: { directory: URL; cause: unknown }) {
    const why = by.cause instanceof Error ? by.cause.message : String(by.cause);
    super(
      'acme_failed',
      `${by.directory.host} gave no certificate for ${name}: ${why}. The name must lead to this hub, and port 443 there to its port`,
      { retry: true, cause: by.cause },
    );
  }
}

const CHALLENGE = 'tls-alpn-01';
/** What the CA may take for one answer. */
const ANSWER_MS = 20_000;

// Whatever fails is tried again by the ticker, and a hub that closes waits for none of it.
Object.assign(axios.defaults, {
  timeout: ANSWER_MS,
  acmeSettings: { retryMaxAttempts: 0, retryDefaultDelay: 1 },
});

export function newAccountKey(): Promise<Buffer> {
  return acmeCrypto.createPrivateEcdsaKey();
}

/** Orders a certificate for a new key, proving the name by TLS-ALPN-01. @returns key and chain, PEM. @throws AcmeError */
export async function orderCertificate(order: Order): Promise<string> {
  const { directory, accountKey, contact, name, prove } = order;
  const proofs = new Map<string, Disposable>();
  try {
    // The library tells a CA that does not answer as a fault of its own.
    await fetch(directory, { signal: AbortSignal.timeout(ANSWER_MS) });
    const client = new Client({ directoryUrl: directory.href, accountKey });
    await register(client, contact);
    const [key, csr] = await acmeCrypto.createCsr(
      { commonName: name, altNames: [name] },
      await acmeCrypto.createPrivateEcdsaKey(),
    );
    const chain = await client.auto({
      csr,
      challengePriority: [CHALLENGE],
      // What the hub sees of its own port need not be what the CA sees.
      skipChallengeVerification: true,
      async challengeCreateFn(authorization, { type, token }, keyAuthorization) {
        // Its types know two kinds of challenge; what it offers is whatever the CA sent.
        const offered: string = type;
        if (offered !== CHALLENGE) throw new Error(`it offers ${offered} and no ${CHALLENGE}`);
        const [proofKey, cert] = await acmeCrypto.createAlpnCertificate(authorization, keyAuthorization);
        proofs.set(token, prove({ cert: cert.toString(), key: proofKey.toString() }));
      },
      async challengeRemoveFn(_authorization, { token }) {
        proofs.get(token)?.[Symbol.dispose]();
        proofs.delete(token);
      },
    });
    return `${key.toString().trim()}\n${chain.trim()}\n`;
  } catch (cause) {
    throw new AcmeError(name, { directory, cause });
  } finally {
    for (const proof of proofs.values()) proof[Symbol.dispose]();
  }
}

/** Makes the account, or finds the one of this key: then the library tries to change it, which strict CAs refuse. */
async function register(client: Client, contact: string | undefined): Promise<void> {
  try {
    await client.createAccount({
      termsOfServiceAgreed: true,
      ...(contact !== undefined && { contact: [`mailto:${contact}`] }),
    });
  } catch (error) {
    if (!hasAccount(client)) throw error;
  }
}

function hasAccount(client: Client): boolean {
  try {
    return client.getAccountUrl() !== '';
  } catch {
    // It throws where it knows of none.
    return false;
  }
}
