import { onThread } from '#work/kinds/measure/worker.ts';

/** MB a second that are copied between two blocks larger than any cache. */
function copySpeed(
  _require: NodeJS.Require,
  { seconds, blockMb }: { seconds: number; blockMb: number },
): number {
  const source = new Uint8Array(blockMb * 1e6).fill(1);
  const target = new Uint8Array(source.length);
  const started = performance.now();
  let copies = 0;
  while (performance.now() - started < seconds * 1000) {
    target.set(source);
    copies += 1;
  }
  return (copies * blockMb) / ((performance.now() - started) / 1000);
}

export function measureMemory(seconds: number, signal: AbortSignal): Promise<number> {
  return onThread(copySpeed, { seconds, blockMb: 128 }, signal);
}
