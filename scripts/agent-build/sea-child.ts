/**
 * A process of its own, since pkg finds its cache by HOME and its working directory by TMPDIR, and makes the blob with the
 * Node that runs it: `node sea-child.ts ORDER`, as JSON.
 */
import { createRequire } from 'node:module';
import type { Platform } from '@stoa/protocol/release';

export interface SeaOrder {
  readonly nodeVersion: string;
  readonly outputs: readonly { readonly platform: Platform; readonly path: string }[];
  /** Files in TMPDIR: what runs first, and what it finds inside itself, by their names. */
  readonly main: string;
  readonly assets: readonly string[];
}

/** pkg's function, not its command: that one takes neither assets nor flags of V8. */
const { default: sea } = createRequire(import.meta.url)('pkg/lib-es5/sea.js') as {
  default: (entry: string, options: object) => Promise<void>;
};

const { nodeVersion, outputs, main, assets } = JSON.parse(process.argv[2] ?? '') as SeaOrder;
await sea(main, {
  targets: outputs.map(({ platform, path }) => {
    const [os, arch] = platform.split('-');
    return { nodeRange: `node${nodeVersion}`, platform: os, arch, output: path };
  }),
  seaConfig: {
    // The blob holds this path: seen from pkg's directory below TMPDIR it is the same on every machine.
    main: `../${main}`,
    assets: Object.fromEntries(assets.map((name) => [name, `../${name}`])),
    disableExperimentalSEAWarning: true,
    // Its bytes differ from build to build, and another machine's V8 rejects them.
    useCodeCache: false,
    useSnapshot: false,
    // No code is made at run time, so that the kernel may forbid it; SIGUSR1 would open the debugger. An agent makes little
    // garbage: threads of V8's own and a large nursery are only memory.
    execArgv: ['--jitless', '--disable-sigusr1', '--max-semi-space-size=1', '--v8-pool-size=0'],
    // NODE_OPTIONS says nothing to it.
    execArgvExtension: 'none',
  },
});
