/** Chain number -> the chains adjacent to it, ascending. */
export type ChainGraph = readonly (readonly number[])[];

/** Ten chains of degree three and diameter two: the graph of `stoa` from its genesis on. */
export const petersenGraph: ChainGraph = [
  [2, 3, 5],
  [3, 4, 6],
  [0, 4, 7],
  [0, 1, 8],
  [1, 2, 9],
  [0, 6, 9],
  [1, 5, 7],
  [2, 6, 8],
  [3, 7, 9],
  [4, 5, 8],
];
