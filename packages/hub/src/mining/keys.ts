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

/** How much longer than usual a key may find no block before something is wrong: at random that comes once in 22,000 blocks. */
export const SILENT_TIMES = 10;
const WEEK_MS = 7 * 86_400_000;
/** Of so few nobody can say what is usual. */
const LEAST_BLOCKS = 5;

/** The mean time between a key's blocks; undefined where it found too few in a week. */
export function usualGapMs(blocks: number): number | undefined {
  return blocks < LEAST_BLOCKS ? undefined : WEEK_MS / blocks;
}

export function isSilent(by: { readonly blocks: number; readonly sinceLastMs: number }): boolean {
  const usual = usualGapMs(by.blocks);
  return usual !== undefined && by.sinceLastMs > SILENT_TIMES * usual;
}
