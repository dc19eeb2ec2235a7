type Child = Node | string | false | undefined;

/** An element with attributes and children; texts stay texts, whatever they hold. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== false && child !== undefined));
  return made;
}

/** What the page is known to have. @throws {Error} where it hasn't: page and program are of different versions. */
export function found<T extends Element>(root: ParentNode, selector: string, type: new () => T): T {
  const one = root.querySelector(selector);
  if (!(one instanceof type)) throw new Error(`this page has no ${selector}: load it anew`);
  return one;
}
