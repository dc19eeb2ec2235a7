import { embed, type Markup, markup } from './markup.ts';

/** Each state has a shape of its own, so that neither colour nor print is needed to tell it. 16 x 16. */
const SHAPES = {
  online: markup`<circle cx="8" cy="8" r="5" class="fill"/>`,
  late: markup`<path d="M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3zM8 5.500V8l2 1.500"/>`,
  offline: markup`<path d="M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3zM6 6l4 4M10 6l-4 4"/>`,
  syncing: markup`<path d="M12.500 9.500A5 5 0 1 1 12 5M12.500 2.500V5.500H9.500"/>`,
  behind: markup`<path d="M12 3v10L4 8z" class="fill"/>`,
  forked: markup`<path d="M8 13.500V8L4 3M8 8l4-5"/>`,
  new: markup`<circle cx="8" cy="8" r="5" stroke-dasharray="2 2"/>`,
  quarantined: markup`<path d="M3.500 3.500h9v9h-9zM6.500 3.500v9M9.500 3.500v9"/>`,
  disputed: markup`<path d="M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3zV13A5 5 0 0 0 8 3z" class="half"/>`,
  refused: markup`<path d="M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3zM5 8h6"/>`,
  retired: markup`<path d="M3.500 8h9"/>`,
} as const;

export type LampName = keyof typeof SHAPES;

/** The shapes, once a page; lamps refer to them. */
export function lampSprite(): Markup {
  const symbols = Object.entries(SHAPES).map(
    ([name, shape]) => markup`<symbol id="lamp-${name}" viewBox="0 0 16 16">${shape}</symbol>`,
  );
  return markup`<svg class="away" aria-hidden="true" width="0" height="0">${symbols}</svg>`;
}

/** Shape and word; the colour is its class's. */
export function lampInside(name: LampName, word: string): Markup {
  return markup`<svg aria-hidden="true"><use href="#lamp-${name}"/></svg>${word}`;
}

/** Shape, word and colour of a state. */
export function lampMarkup(name: LampName, word: string): Markup {
  return markup`<span class="lamp is-${name}">${lampInside(name, word)}</span>`;
}

export function Lamp({ name, word }: { name: LampName; word: string }) {
  return embed(lampMarkup(name, word));
}
