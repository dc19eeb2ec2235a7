const FLAG = '--mining-public-key';
const KEY = /^[0-9a-f]{64}$/;

/** Keys that a node mines to, by its process arguments: what its agent read, so the agent's word. */
export function miningKeysOf(argv: readonly string[]): string[] {
  const values = argv.flatMap((argument, i) => {
    if (argument.startsWith(`${FLAG}=`)) return [argument.slice(FLAG.length + 1)];
    return argument === FLAG ? [argv[i + 1] ?? ''] : [];
  });
  return [...new Set(values.map((value) => value.toLowerCase()).filter((value) => KEY.test(value)))];
}
