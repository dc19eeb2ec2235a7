export {
  EVERYTHING,
  isEverything,
  join,
  negate,
  type Operator,
  printSelector,
  type Selector,
  type Term,
} from './ast.ts';
export { SelectorError } from './error.ts';
export {
  BadValue,
  badWord,
  compare,
  DURATION,
  EQUALS,
  type Field,
  ORDERED,
  readDuration,
  readWhole,
  shown,
  type Test,
} from './field.ts';
export { Language, type QueryKind, type Speech } from './language.ts';
export { LIMITS as SELECTOR_LIMITS } from './lexer.ts';
export { nearest } from './nearest.ts';
export { type Suggestion, suggest } from './suggest.ts';
