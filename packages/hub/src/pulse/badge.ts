import { STATE_WORDS, type StateName } from '#nodes/index.ts';
import { type Markup, markup } from '../console/markup.ts';

export type BadgeWord = StateName | 'maintenance' | 'unknown';

/** White on each has 4.5:1 at least. */
const COLOURS: Readonly<Record<BadgeWord, string>> = {
  online: '#1b7343',
  late: '#855c00',
  offline: '#b3261e',
  syncing: '#1a5a86',
  behind: '#a4450b',
  forked: '#9b1b6d',
  new: '#5d594f',
  disputed: '#9b1b6d',
  quarantined: '#6a3d9e',
  refused: '#5d594f',
  retired: '#5d594f',
  maintenance: '#1a5a86',
  unknown: '#5d594f',
};

const PER_LETTER = 6.6;
const PADDING = 8;

/** A badge of 20 px height that stands by itself, in any page. */
export function badgeSvg(state: BadgeWord): Markup {
  const word = (isState(state) ? STATE_WORDS[state] : state).toLowerCase();
  const left = Math.round('stoa node'.length * PER_LETTER + 2 * PADDING);
  const right = Math.round(word.length * PER_LETTER + 2 * PADDING);
  return markup`<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="stoa node: ${word}"><title>stoa node: ${word}</title><clipPath id="r"><rect width="${left + right}" height="20" rx="4"/></clipPath><g clip-path="url(#r)"><path fill="#33312c" d="M0 0h${left}v20H0z"/><path fill="${COLOURS[state]}" d="M${left} 0h${right}v20H${left}z"/></g><g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle"><text x="${left / 2}" y="14" textLength="${left - 2 * PADDING}">stoa node</text><text x="${left + right / 2}" y="14" textLength="${right - 2 * PADDING}">${word}</text></g></svg>
`;
}

function isState(word: BadgeWord): word is StateName {
  return Object.hasOwn(STATE_WORDS, word);
}
