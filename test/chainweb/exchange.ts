/** A request to one of a node's ports. Header names are lower case. */
export interface NodeRequest {
  readonly port: 'service' | 'p2p';
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The caller's address, as `ip:port`. */
  readonly peer?: string;
}

/** `/a/b?c=d` in its two parts. */
export function splitPath(path: string): { readonly pathname: string; readonly query: URLSearchParams } {
  const at = path.indexOf('?');
  return at < 0
    ? { pathname: path, query: NO_QUERY }
    : { pathname: path.slice(0, at), query: new URLSearchParams(path.slice(at + 1)) };
}

const NO_QUERY = new URLSearchParams();

export interface NodeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** What happens on the wire instead of a whole answer: nothing ever, a reset, or events without end. */
  readonly wire?: 'hang' | 'reset' | 'stream';
  /** The answer comes when the clock says so: this one is no more than its place. */
  readonly later?: Promise<NodeResponse>;
}

export type Fault = {
  /** The node never learns of the request. Otherwise it does what is asked, and only its answer suffers. */
  readonly before?: boolean;
} & (
  | { readonly kind: 'status'; readonly status: 429 | 500 | 502 | 503 }
  /** The body ends early: JSON that doesn't parse. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'slow'; readonly ms: number }
);

/** What goes wrong with a request, if anything: the same always, or as a script decides. */
export type Faults = Fault | ((request: NodeRequest) => Fault | undefined);

export function withFault(response: NodeResponse, fault: Fault | undefined): NodeResponse {
  switch (fault?.kind) {
    case 'slow':
    case undefined:
      return response;
    case 'status':
      return { ...response, status: fault.status, body: '' };
    case 'truncate':
      return { ...response, body: response.body.slice(0, fault.bytes) };
    case 'hang':
    case 'reset':
      return { ...response, wire: fault.kind };
  }
}

export function json(status: number, body: string): NodeResponse {
  return { status, headers: { 'content-type': 'application/json;charset=utf-8' }, body };
}

export function plain(status: number, body: string): NodeResponse {
  return { status, headers: { 'content-type': 'text/plain;charset=utf-8' }, body };
}

export function binary(body: Uint8Array): NodeResponse {
  return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body };
}

/** A status of the web framework itself: plain text, or nothing at all. */
export function refused(status: number, why = ''): NodeResponse {
  return why === '' ? { status, headers: {}, body: '' } : plain(status, why);
}

export function notFound(key: string): NodeResponse {
  return json(404, JSON.stringify({ key, reason: 'key not found' }));
}
