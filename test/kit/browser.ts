import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';

/** What runs in the page is text: this program has Node's types, not the browser's. */
const WATCH_POLICY = `
  window.violations = [];
  document.addEventListener('securitypolicyviolation', (event) => {
    window.violations.push([event.violatedDirective, event.blockedURI, event.sample].join(' '));
  });`;

export interface Tab extends AsyncDisposable {
  readonly page: Page;
  /** Errors of the console, of scripts, and of the content policy, as they came. */
  readonly faults: string[];
}

/** Debian's Chromium, without a window. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
}

/** A page with cookies of its own. Its faults are kept: a test that forgets to look at them sees them thrown at the end. */
export async function openTab(
  browser: Browser,
  { cookie, ...options }: BrowserContextOptions & { cookie?: string } = {},
): Promise<Tab> {
  const context = await browser.newContext(options);
  if (cookie !== undefined && options.baseURL !== undefined) {
    const [name, value] = cookie.split('=');
    await context.addCookies([{ name: name!, value: value!, url: options.baseURL }]);
  }
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`script: ${error.message}`));
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  await page.addInitScript({ content: WATCH_POLICY });
  return { page, faults, [Symbol.asyncDispose]: () => context.close() };
}

/** What axe finds wrong with the page as it is. */
export async function axeFaults(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`),
  );
}

/** What the content policy blocked on the page so far. */
export function violations(page: Page): Promise<string[]> {
  return page.evaluate<string[]>('window.violations');
}

/** Pixels by which the page is wider than its window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
}

/** The text of what has the focus. */
export function focused(page: Page): Promise<string> {
  return page.evaluate<string>('document.activeElement.textContent');
}
