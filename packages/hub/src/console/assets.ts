import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { Context } from 'hono';
import { notFound } from '../http-error.ts';

/** What browsers fetch, and the files each is made of: our own beside this one (`./`), the libraries' by package. */
const SOURCES = {
  'console.css': [
    './static/tokens.css',
    './static/frame.css',
    './static/parts.css',
    './static/form.css',
    './static/alerts.css',
    './static/account.css',
    './static/navigation.css',
    './static/palette.css',
    './static/fleet.css',
    './static/ssh.css',
    './static/list.css',
    './static/list-tools.css',
    './static/node.css',
    './static/audit.css',
    './static/join.css',
    './static/jobs.css',
    './static/truths.css',
    './static/payout.css',
    './static/public.css',
    './static/admin.css',
    './static/earnings.css',
    './static/receipts.css',
    './static/scores.css',
    './static/mint.css',
    'uplot/dist/uPlot.min.css',
  ],
  'htmx.js': ['htmx.org/dist/htmx.min.js', 'htmx.org/dist/ext/hx-sse.min.js'],
  'uplot.js': ['uplot/dist/uPlot.iife.min.js'],
  'console.js': ['./static/console.js'],
  'order.js': ['./static/browser-key.js', './static/order.js'],
  'owner-key.js': ['./static/browser-key.js', './static/owner-key.js'],
  'payout.js': ['./static/browser-key.js', './static/payout.js'],
  'search.js': ['./static/search.js'],
  'palette.js': ['./static/palette.js'],
  'passkey.js': ['./static/passkey.js'],
  'favicon.svg': ['./static/favicon.svg'],
  'world.svg': ['./static/world.svg'],
} as const;

const TYPES: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

export type AssetName = keyof typeof SOURCES;

const compress = {
  br: promisify(brotliCompress),
  gzip: promisify(gzip),
};
type Encoding = keyof typeof compress;

class Asset {
  readonly url: string;
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #encoded = new Map<Encoding, Promise<Uint8Array<ArrayBuffer>>>();

  constructor(name: AssetName, bytes: Uint8Array<ArrayBuffer>) {
    const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 16);
    this.url = `/assets/${hash}/${name}`;
    this.type = TYPES[name.split('.').at(-1)!]!;
    this.bytes = bytes;
  }

  /** Compressed once, off the main thread, when first asked for. */
  encoded(encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
    let bytes = this.#encoded.get(encoding);
    if (bytes === undefined) {
      bytes = compress[encoding](this.bytes).then((buffer) => new Uint8Array(buffer));
      this.#encoded.set(encoding, bytes);
    }
    return bytes;
  }
}

/** The static files of the console, in memory, at addresses that change with their content and so never expire. */
export class Assets {
  readonly #byName: Readonly<Record<AssetName, Asset>>;
  readonly #byUrl: ReadonlyMap<string, Asset>;

  /** @throws {Error} ENOENT or MODULE_NOT_FOUND where the installation lacks a file. */
  static async load(): Promise<Assets> {
    const names = Object.keys(SOURCES) as AssetName[];
    const assets = await Promise.all(names.map(async (name) => new Asset(name, await read(SOURCES[name]))));
    return new Assets(
      Object.fromEntries(names.map((name, i) => [name, assets[i]])) as Record<AssetName, Asset>,
    );
  }

  constructor(byName: Readonly<Record<AssetName, Asset>>) {
    this.#byName = byName;
    this.#byUrl = new Map(Object.values(byName).map((asset) => [asset.url, asset]));
  }

  url(name: AssetName): string {
    return this.#byName[name].url;
  }

  /** Answers a request for a file; `path` without query. */
  async serve(c: Context, path: string = c.req.path): Promise<Response> {
    const asset = this.#byUrl.get(path);
    if (asset === undefined) throw notFound('This file');
    const encoding = preferred(c.req.header('accept-encoding') ?? '');
    c.header('content-type', asset.type);
    c.header('cache-control', 'public, max-age=31536000, immutable');
    c.header('vary', 'accept-encoding');
    if (encoding !== undefined) c.header('content-encoding', encoding);
    return c.body(encoding === undefined ? asset.bytes : await asset.encoded(encoding));
  }
}

function preferred(accepted: string): Encoding | undefined {
  const names = new Set(accepted.split(',').map((entry) => entry.split(';')[0]!.trim()));
  return names.has('br') ? 'br' : names.has('gzip') ? 'gzip' : undefined;
}

async function read(files: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const resolve = createRequire(import.meta.url).resolve;
  const parts = await Promise.all(
    files.map((file) =>
      readFile(file.startsWith('./') ? new URL(file, import.meta.url) : resolve(file), 'utf8'),
    ),
  );
  return new TextEncoder().encode(parts.join('\n'));
}
