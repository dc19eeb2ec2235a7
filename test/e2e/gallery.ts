import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { axeFaults, overflow } from '../kit/browser.ts';

const FOLDER = fileURLToPath(new URL('../screenshots', import.meta.url));
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

/** Pictures of pages as people see them, and what axe finds wrong with each. */
export class Gallery {
  readonly shown: string[] = [];
  /** `page: fault` */
  readonly faults: string[] = [];

  /** Light, dark and phone of the page that is open, in that order; leaves it as it was. */
  async show(page: Page, name: string): Promise<void> {
    await mkdir(FOLDER, { recursive: true });
    await this.#judge(page, `${name}-light`);
    await this.#take(page, `${name}-light`);
    await page.emulateMedia({ colorScheme: 'dark' });
    await this.#judge(page, `${name}-dark`);
    await this.#take(page, `${name}-dark`);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(PHONE);
    // The same elements in the same colours as on the desk: axe would find nothing else.
    await this.#take(page, `${name}-phone`);
    const wider = await overflow(page);
    if (wider > 0) this.faults.push(`${name}: ${wider} px wider than a phone`);
    await page.setViewportSize(DESK);
  }

  async #judge(page: Page, name: string): Promise<void> {
    for (const fault of await axeFaults(page)) this.faults.push(`${name}: ${fault}`);
  }

  async #take(page: Page, name: string): Promise<void> {
    await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: true });
    this.shown.push(name);
  }
}
