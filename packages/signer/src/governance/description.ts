import { createHash } from 'node:crypto';
import { SignerError } from '#error.ts';
import type { ReadCommand } from '#governance/command.ts';
import type { Line } from '#releases/description.ts';

/** In the text of the module, where a namespace stands in for the real one. */
const STAND_IN = '"stoic.gov"';

/**
 * What a holder reads before the key is opened: all that is the same on every chain, and the hash for each.
 * @param module the text of register.pact as the holder has it; where it stands in the code it is not told again.
 * @throws SignerError `draft_refused` where it does not.
 */
export function describeCommands(commands: readonly ReadCommand[], module: string | undefined): Line[] {
  const { networkId, code, data, sender, fee, endsAt, signers } = commands[0]!.content;
  return [
    ['network', printable(networkId)],
    ['ends', new Date(endsAt).toISOString()],
    ['pays', `${printable(sender)}, at most ${fee.toFixed(6)} STOA a chain`],
    ...signers.map(({ publicKey, scope }): Line => ['signs', `${printable(publicKey)}: ${scopeOf(scope)}`]),
    ['data', printable(JSON.stringify(data))],
    [
      'code',
      `SHA-256 ${createHash('sha256').update(code).digest('hex')} (compare it with the other holders)`,
    ],
    ...shortened(code, module)
      .split('\n')
      .map((line): Line => ['', printable(line)]),
    ...commands.map(({ file, content }): Line => [`chain ${printable(content.chain)}`, file.hash]),
  ];
}

function scopeOf(scope: readonly string[] | undefined): string {
  return scope === undefined ? 'everything that the code does' : scope.map(printable).join(', ');
}

function shortened(code: string, module: string | undefined): string {
  if (module === undefined) return code;
  const [, namespace = ''] = /\(namespace "([^"]*)"\)/.exec(code) ?? [];
  const text = module.replaceAll(STAND_IN, `"${namespace}.gov"`).trimEnd();
  if (text !== '' && code.includes(text))
    return code.replace(text, () => '(module …): as in the file that you gave');
  throw new SignerError(
    'draft_refused',
    'nothing is signed: the module in the code is another than in the file that you gave',
  );
}

/** No control character of others reaches the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '\ufffd');
}
