/** What one page cost and held. */
export interface ReadPage {
  readonly path: string;
  readonly status: number;
  readonly html: string;
  /** Paths of the stylesheets, scripts and icons that it names, each fetched with status 200. */
  readonly assets: readonly string[];
}

const MOST_REDIRECTS = 5;
const ANSWER_MS = 10_000;

/** Reads the console as a browser would: cookies kept, redirects followed, what a page names fetched along. */
export class PageReader {
  readonly #origin: string;
  readonly #cookies = new Map<string, string>();

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Opens a login link and sends the form that it shows. @throws where it signs nobody in. */
  async signIn(link: string): Promise<ReadPage> {
    const { html } = await this.page(link);
    const fields = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(
      ([, name = '', value = '']): [string, string] => [name, decode(value)],
    );
    const landed = await this.#follow('/sign-in', {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: this.#origin, 'sec-fetch-site': 'same-origin' },
    });
    const page = await this.#read(landed);
    if (landed.url.includes('/sign-in')) throw new Error(`the login link signs nobody in: ${landed.url}`);
    return page;
  }

  /** Sends a form, as from a page of the hub. @returns where that leads. @throws where it is not taken. */
  async send(path: string, fields: Record<string, string>): Promise<ReadPage> {
    const answer = await this.#follow(path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: this.#origin, 'sec-fetch-site': 'same-origin', accept: 'text/html' },
    });
    return this.#read(answer);
  }

  /** As `send`, whatever the answer is, and without what the page names. */
  async answer(path: string, fields: Record<string, string>): Promise<{ status: number; html: string }> {
    const response = await this.#follow(path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: this.#origin, 'sec-fetch-site': 'same-origin', accept: 'text/html' },
    });
    return { status: response.status, html: await response.text() };
  }

  /** Takes over the cookies of another: the same browser, at another port of the host. */
  keep(other: PageReader): void {
    for (const [name, value] of other.#cookies) this.#cookies.set(name, value);
  }

  /** A page with all that it names. @throws where it, or something that it names, is not answered with 200. */
  async page(path: string): Promise<ReadPage> {
    return this.#read(await this.#follow(path, { headers: { accept: 'text/html' } }));
  }

  /** Opens the page's live stream until its first event. @returns the event's text. */
  async firstEvent({ html, path }: ReadPage): Promise<string> {
    const address = /hx-sse:connect="([^"]+)"/.exec(html)?.[1];
    if (address === undefined) throw new Error(`${path} has no live stream`);
    const stop = new AbortController();
    const response = await this.#fetch(decode(address), {
      headers: { accept: 'text/event-stream' },
      signal: AbortSignal.any([stop.signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    if (response.status !== 200 || response.body === null)
      throw new Error(`the live stream of ${path} answered ${response.status}`);
    let text = '';
    for await (const chunk of response.body) {
      text += Buffer.from(chunk).toString();
      if (/^data:/m.test(text) && text.includes('\n\n')) break;
    }
    stop.abort();
    return text;
  }

  async #read(response: Response): Promise<ReadPage> {
    const { pathname } = new URL(response.url);
    if (response.status !== 200) throw new Error(`${pathname} answered ${response.status}`);
    const html = await response.text();
    const named = html.matchAll(/<(?:link|script)\b[^>]*?\b(?:href|src)="([^"]+)"/g);
    const assets = [...new Set([...named].map(([, url = '']) => decode(url)))];
    await Promise.all(
      assets.map(async (asset) => {
        const answer = await this.#fetch(asset);
        await answer.arrayBuffer();
        if (answer.status !== 200)
          throw new Error(`${asset}, named by ${pathname}, answered ${answer.status}`);
      }),
    );
    return { path: pathname, status: response.status, html, assets };
  }

  async #follow(path: string, init: RequestInit): Promise<Response> {
    let response = await this.#fetch(path, init);
    for (let hops = 0; hops < MOST_REDIRECTS && response.status >= 300 && response.status < 400; hops += 1)
      response = await this.#fetch(response.headers.get('location') ?? '/', {
        headers: { accept: 'text/html' },
      });
    return response;
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(new URL(path, this.#origin), {
      signal: AbortSignal.timeout(ANSWER_MS),
      ...init,
      redirect: 'manual',
      headers: { ...init.headers, ...(cookie === '' ? {} : { cookie }) },
    });
    for (const line of response.headers.getSetCookie()) this.#store(line);
    return response;
  }

  #store(line: string): void {
    const [pair = ''] = line.split(';');
    const at = pair.indexOf('=');
    this.#cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1));
  }
}

/** Entities that occur in attributes. */
function decode(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&');
}
