export interface Finding {
  readonly code: string;
  /** Of the file, from 1; undefined where it concerns the whole. */
  readonly line: number | undefined;
  /** What is there, and what was expected. */
  readonly message: string;
}

const SHOWN = 100;

/** The first hundred of what was found, and the number of all. */
export class Findings {
  readonly #shown: Finding[] = [];
  #count = 0;

  get shown(): readonly Finding[] {
    return this.#shown;
  }

  get count(): number {
    return this.#count;
  }

  add(code: string, line: number | undefined, message: string): void {
    this.#count += 1;
    if (this.#shown.length < SHOWN) this.#shown.push({ code, line, message });
  }

  /** Such as a statement found: some of them, and how many there are. */
  addAll(found: readonly Finding[], count: number): void {
    for (const finding of found) this.add(finding.code, finding.line, finding.message);
    this.#count += count - found.length;
  }
}
