/** The structure of ARCHITECTURE.md as tests. Each rule says why it holds; break one only by changing the design. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

interface Source {
  readonly path: string;
  readonly text: string;
  /** Specifiers as written, with relative and `#` ones resolved to paths from the root. */
  readonly imports: readonly string[];
}

function resolve(path: string, specifier: string): string {
  if (specifier.startsWith('#')) {
    const [packages, name] = path.split('/');
    return join(packages!, name!, 'src', specifier.slice(1));
  }
  return specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : specifier;
}

function readSource(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const found = text.matchAll(
    /(?:^|[\s;}])(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|import\(\s*['"`]([^'"`]+)['"`]|^import\s+['"]([^'"]+)['"]/gm,
  );
  const imports = [...found].map((match) => resolve(path, match[1] ?? match[2] ?? match[3]!));
  return { path, text, imports };
}

const tracked = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx', '*.mjs'],
  {
    cwd: ROOT,
    encoding: 'utf8',
  },
);
const sources = [...new Set(tracked.trim().split('\n'))].map(readSource);
const isTest = ({ path }: Source) =>
  path.startsWith('test/') || /\.test\.tsx?$|\/contract\.ts$|\/fixtures\//.test(path);
const production = sources.filter((source) => !isTest(source) && source.path.startsWith('packages/'));
const packageOf = (path: string) => /^packages\/([^/]+)\//.exec(path)?.[1];

/** Who imports what they may not, as `file -> import`. */
function offenders(among: readonly Source[], bad: (from: Source, imported: string) => boolean): string[] {
  return among.flatMap((source) =>
    source.imports
      .filter((imported) => bad(source, imported))
      .map((imported) => `${source.path} -> ${imported}`),
  );
}

describe('packages', () => {
  const MAY: Record<string, readonly string[]> = {
    protocol: [],
    signer: ['@stoa/protocol'],
    agent: ['@stoa/protocol'],
    hub: ['@stoa/protocol', '@stoa/signer/client'],
  };

  it('depend downwards only: agent and hub never meet, and the hub knows the signer by its client face', () => {
    const bad = offenders(production, (from, imported) => {
      if (!imported.startsWith('@stoa/')) return false;
      const own = packageOf(from.path)!;
      return !MAY[own]!.some(
        (name) => imported === name || (name === '@stoa/protocol' && imported.startsWith(`${name}/`)),
      );
    });
    expect(bad).toEqual([]);
  });

  it('are imported by name: nobody reaches into the folders of another package, of test or of scripts', () => {
    const inside = sources.filter((source) => source.path.startsWith('packages/'));
    const bad = offenders(inside, (from, imported) => {
      if (/^(test|scripts)\//.test(imported) || imported.startsWith('..')) return true;
      return imported.startsWith('packages/') && packageOf(imported) !== packageOf(from.path);
    });
    expect(bad).toEqual([]);
  });

  it('keep the protocol pure: no input or output, no clock, no environment', () => {
    const protocol = production.filter((source) => packageOf(source.path) === 'protocol');
    const io = offenders(
      protocol,
      (_from, imported) => imported.startsWith('node:') && imported !== 'node:crypto',
    );
    expect(io).toEqual([]);
    const impure = protocol.filter(({ text }) =>
      /\bDate\.now\(|new Date\(\)|Math\.random\(|\bprocess\.|setTimeout\(/.test(text),
    );
    expect(impure.map((source) => source.path)).toEqual([]);
  });
});

describe('features of the hub', () => {
  const SRC = 'packages/hub/src/';
  const featureOf = (path: string) => /^packages\/hub\/src\/([^/]+)\//.exec(path)?.[1];

  it('use each other through their index.ts (and the schema, which tables refer to); console is a kit, its files its face', () => {
    const kits = new Set(['console', 'seams', 'commands']);
    const hub = production.filter(({ path }) => path.startsWith(SRC));
    const bad = offenders(hub, (from, imported) => {
      const feature = featureOf(imported);
      if (feature === undefined || kits.has(feature) || feature === featureOf(from.path)) return false;
      return !/\/(index|schema)\.tsx?$/.test(imported);
    });
    expect(bad).toEqual([]);
  });

  it('leave the naming of back ends to the composition root and the commands', () => {
    const backEnds = /seams\/[^/]+\/(embedded|url|memory-|table-|pg-boss-|bullmq-)/;
    const bad = offenders(
      production,
      (from, imported) => backEnds.test(imported) && !/\/(seams|commands)\/|\/hub\.ts$/.test(from.path),
    );
    expect(bad).toEqual([]);
  });
});

describe('single owners', () => {
  const OWNERS: readonly { library: string; owners: readonly RegExp[]; why: string }[] = [
    {
      library: 'ws',
      owners: [
        /^packages\/hub\/src\/gateway\/websocket-link\.ts$/,
        /^packages\/hub\/src\/gateway\/agent-routes\.ts$/,
        /^packages\/agent\/src\/(channel|doctor)\//,
      ],
      why: 'sockets are opened in one place on each side, so limits and time-outs hold everywhere',
    },
    { library: 'postgres', owners: [/^packages\/hub\/src\//], why: 'only the hub has a database' },
    {
      library: 'tweetnacl',
      owners: [
        /^packages\/protocol\/src\/crypto\/portable\.ts$/,
        /^packages\/signer\/src\/keys\//,
        /^packages\/hub\/src\/vault\/vault\.ts$/,
      ],
      why: 'one strict verify, two implementations; boxes are its secretbox',
    },
    {
      library: '@tufjs/models',
      owners: [/^packages\/protocol\/src\/release\//],
      why: 'one place knows the formats of releases, and how strictly they are read',
    },
    {
      library: 'pino',
      owners: [/^packages\/hub\/src\/log\.ts$/],
      why: 'one format of log lines, one list of redactions',
    },
    {
      library: 'better-auth',
      owners: [/^packages\/hub\/src\/accounts\//],
      why: 'everybody else knows a Viewer and a guard',
    },
    {
      library: 'pg-boss',
      owners: [/^packages\/hub\/src\/seams\/job-queue\//],
      why: 'everybody else knows a JobQueue',
    },
    {
      library: 'bullmq',
      owners: [/^packages\/hub\/src\/seams\/job-queue\//],
      why: 'everybody else knows a JobQueue',
    },
    {
      library: '@kadena/client',
      owners: [/^packages\/hub\/src\/mint\/chain-client\.ts$/],
      why: 'it waits for ever and asks again by itself: everybody else knows a ChainNode',
    },
    { library: 'ioredis', owners: [/^packages\/hub\/src\/seams\//], why: 'Redis is a back end of seams' },
    {
      library: 'ssh2',
      owners: [/^packages\/hub\/src\/seams\/ssh-pool\//],
      why: 'pinned host keys, strict algorithms, the egress guard and time-outs hold for every connection',
    },
    {
      library: 'acme-client',
      owners: [/^packages\/hub\/src\/acme\//],
      why: 'it brings its own HTTP client and X.509: nobody else shall meet them',
    },
    { library: 'prom-client', owners: [/^packages\/hub\/src\/telemetry\.ts$/], why: 'one registry' },
    {
      library: '@hono/node-server',
      owners: [/^packages\/hub\/src\/web\.ts$/],
      why: 'one listener, one port',
    },
  ];

  it.each(OWNERS)('$library: $why', ({ library, owners }) => {
    const bad = offenders(production, (from, imported) => {
      const same = imported === library || imported.startsWith(`${library}/`);
      return same && !owners.some((owner) => owner.test(from.path));
    });
    expect(bad).toEqual([]);
  });

  it('process.env is read in main.ts only: everything else is told its configuration', () => {
    const bad = production.filter(
      ({ path, text }) =>
        !path.endsWith('/main.ts') && /process\s*\.\s*env|\benv\b[^;\n]*=\s*process\b|process\[/.test(text),
    );
    expect(bad.map((source) => source.path)).toEqual([]);
  });

  it('SQL of a table stands in the feature that owns it: no page or route talks to the database', () => {
    const pages = production.filter(({ path }) =>
      /^packages\/hub\/src\/.*(page|components|layout)[^/]*\.tsx?$/.test(path),
    );
    const bad = offenders(
      pages,
      (_from, imported) => imported === 'postgres' || imported.startsWith('drizzle-orm'),
    );
    expect(bad).toEqual([]);
  });
});

describe('files', () => {
  it('form no circle, not even by types: each can be read with what stands below it', () => {
    const byPath = new Map(sources.map((source) => [source.path, source]));
    const [done, under] = [new Set<string>(), new Set<string>()];
    const circles: string[] = [];
    const visit = ({ path, imports }: Source): void => {
      under.add(path);
      for (const imported of imports) {
        const next = byPath.get(imported);
        if (next === undefined || done.has(imported)) continue;
        if (under.has(imported)) circles.push(`${path} -> ${imported}`);
        else visit(next);
      }
      under.delete(path);
      done.add(path);
    };
    for (const source of production) if (!done.has(source.path)) visit(source);
    for (const source of sources) if (!done.has(source.path)) visit(source);
    expect(circles).toEqual([]);
  });

  it('have at most 400 lines: a longer one does more than one thing', () => {
    const long = sources
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
  });

  it('carry no marks of unfinished work', () => {
    const mark = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'HA' + 'CK', 'XX' + 'X'].join('|')})\\b`);
    expect(sources.filter(({ text }) => mark.test(text)).map((source) => source.path)).toEqual([]);
  });
});
