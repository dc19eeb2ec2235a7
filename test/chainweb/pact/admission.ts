import { type Command, codeOf, requestKeyOf, signatureFault } from './command.ts';
import { PactParseError } from './reader.ts';
import { Decimal } from './value.ts';

/** What a node's mempool asks of every command before it looks at the chain. */
export interface AdmissionRules {
  readonly networkId: string;
  readonly chain: number;
  readonly gasLimitOfBlock: number;
  readonly minGasPrice: Decimal;
  /** Seconds since 1970 by the node's own clock. */
  readonly now: number;
  readonly isMined: (key: string) => boolean;
  readonly isBad: (key: string) => boolean;
}

/** A command's creation may lie that many seconds ahead of the clock, and of the parent block's time. */
const AHEAD = { clock: 10, parent: 95 } as const;
const LONGEST_TTL = 172_800;
const MOST_SIGNATURES = 100;

/** The mempool's `validateOne`, in its order. @returns the node's words of refusal */
export function refusalOf(command: Command, rules: AdmissionRules): string | undefined {
  const { gasLimit, gasPrice, priceText, creationTime, ttl, key } = command;
  if (gasLimit > rules.gasLimitOfBlock)
    return `Transaction gas limit exceeds block gas limit (${rules.gasLimitOfBlock})`;
  if (priceText !== undefined)
    return `insert error: This transaction's gas price: ${priceText} is not correctly rounded. It should be rounded to at most ${Decimal.PLACES} decimal places.`;
  if (gasPrice.units < rules.minGasPrice.units)
    return `Transaction gas price (${gasPrice}) is below minimum gas price (${rules.minGasPrice})`;
  if (creationTime >= rules.now + AHEAD.clock) return 'Transaction creation time too far in the future';
  if (rules.now >= creationTime + ttl) return 'Transaction time-to-live is expired';
  if (rules.isMined(key)) return 'Transaction already exists on chain';
  if (rules.isBad(key)) return 'Transaction is badlisted because it previously failed to validate.';
  return placeFault(command, rules);
}

function placeFault({ chainId, networkId, signed }: Command, rules: AdmissionRules): string | undefined {
  if (!/^\d{1,9}$/.test(chainId)) return 'insert error: Unparsable ChainId';
  const elsewhere = chainId !== String(rules.chain) || networkId !== rules.networkId;
  return elsewhere || signed.sigs.length > MOST_SIGNATURES
    ? 'Transaction metadata (chain id, chainweb version) conflicts with this endpoint'
    : undefined;
}

/** What no block can change: hash, signatures, code. @returns the node's words of refusal */
export function contentFault(command: Command): string | undefined {
  if (requestKeyOf(command.signed.cmd) !== command.signed.hash) return 'Invalid transaction hash';
  const code = codeOf(command);
  return signatureFault(command) ?? (code instanceof PactParseError ? code.message : undefined);
}

/** Whether it may stand in the next block, by time. @param parentTime seconds since 1970 */
export function timeFault({ creationTime, ttl }: Command, parentTime: number): string | undefined {
  if (creationTime > parentTime + AHEAD.parent) return 'Transaction creation time too far in the future';
  return parentTime >= creationTime + ttl || ttl > LONGEST_TTL
    ? 'Transaction time-to-live is expired'
    : undefined;
}
