import {
  CONTEXT,
  type CryptoSuite,
  fromHex,
  ProtocolError,
  toHex,
  utf8,
  verifyHubChain,
  verifyIn,
} from '@stoa/protocol';
import { documentOf, isDocument, readDocument } from './document.ts';
import { type Statement, totalsOf } from './statement.ts';

export interface StatementProblem {
  readonly code: string;
  readonly message: string;
}

export interface StatementReport {
  readonly ok: boolean;
  readonly statement: Statement | undefined;
  /** Fingerprint of the root from which the signing key descends, hex; to be compared where none was given. */
  readonly root: string | undefined;
  readonly problems: readonly StatementProblem[];
}

/** Checks a statement by itself: its signature down to the root, its sums, and that the page around it says what was signed. */
export function verifyStatement(
  text: string,
  { crypto, rootFingerprint }: { crypto: CryptoSuite; rootFingerprint?: Uint8Array | undefined },
): StatementReport {
  const read = readDocument(text);
  if (read === undefined) {
    const message = 'there is no signed statement in it, as this program writes them';
    return {
      ok: false,
      statement: undefined,
      root: undefined,
      problems: [{ code: 'no_statement', message }],
    };
  }
  const { signed, statement } = read;
  const problems: StatementProblem[] = [];
  const say = (code: string, message: string) => problems.push({ code, message });
  const chain = {
    root: fromHex(signed.chain.root),
    region: fromHex(signed.chain.region),
    instance: fromHex(signed.chain.instance),
  };
  try {
    const policy = {
      rootFingerprint: rootFingerprint ?? crypto.hash(chain.root),
      region: statement.region,
      // The certificates must have been good when it was made, by its own word: the key may have expired since.
      timeFloor: Date.parse(statement.madeAt),
      minInstanceSerial: 0,
    };
    const { instance } = verifyHubChain(chain, policy, crypto);
    const verify = crypto.verifier(instance.publicKey);
    if (!verifyIn(CONTEXT.statement, verify, utf8(signed.statement), fromHex(signed.signature)))
      say('bad_signature', `the signature does not hold under the key of ${instance.instance}`);
    if (statement.hub !== instance.instance)
      say('wrong_hub', `it names '${statement.hub}', '${instance.instance}' has signed`);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    say(error.code, error.message);
  }
  if (JSON.stringify(totalsOf(statement.days)) !== JSON.stringify(statement.totals))
    say('bad_totals', 'its days do not add up to its totals');
  if (isDocument(text) && documentOf(signed, statement) !== text)
    say('other_page', 'the page around it is not the one that follows from what was signed: it was changed');
  const root = toHex(crypto.hash(chain.root));
  return { ok: problems.length === 0, statement, root, problems };
}
