import { createHash } from 'node:crypto';
import type { HttpFeature, HubApp } from '../http.ts';
import { notFound } from '../http-error.ts';
import { sendFile } from '../send-file.ts';
import type { ReleaseTree } from './tree.ts';

const TIMESTAMP = 'timestamp.json';

/**
 * The tree, for nodes and mirrors, in the places where a TUF client and a static mirror expect it. Public, and without a
 * limit of its own: everything was signed, and nothing is larger than what nodes read.
 */
export function releaseDownloads(tree: ReleaseTree): HttpFeature {
  return {
    mount(app: HubApp) {
      app.get('/releases/metadata/timestamp.json', async (c) => {
        const bytes = await tree.timestamp();
        if (bytes === undefined) throw notFound('A release');
        const etag = `"${createHash('sha256').update(bytes).digest('hex')}"`;
        c.header('etag', etag);
        // The one file that changes: who keeps it holds nodes back.
        c.header('cache-control', 'no-cache');
        if (c.req.header('if-none-match') === etag) return c.body(null, 304);
        c.header('content-type', 'application/json');
        return c.body(new Uint8Array(bytes));
      });
      app.get('/releases/metadata/:name', async (c) => {
        const name = c.req.param('name');
        const file = name === TIMESTAMP ? undefined : await tree.metadataFile(name);
        if (file === undefined) throw notFound('This metadata');
        return sendFile(c, { ...file, etag: name, contentType: 'application/json' });
      });
      app.get('/releases/targets/:name', async (c) => {
        const name = c.req.param('name');
        const file = await tree.blob(name);
        if (file === undefined) throw notFound('This file');
        return sendFile(c, { ...file, etag: name, contentType: 'application/octet-stream' });
      });
    },
  };
}
