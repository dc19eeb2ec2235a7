/** The map's frame in its own units, and how the globe lies in it: Antarctica stays below. */
export const MAP = { width: 1000, height: 456, scale: 182, x: 500, y: 262 } as const;

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The Natural Earth projection (T. Patterson, 2012), as the outline of the land was made with. Degrees in. */
export function project({ latitude, longitude }: { latitude: number; longitude: number }): Point {
  const phi = (latitude * Math.PI) / 180;
  const p2 = phi * phi;
  const p4 = p2 * p2;
  const along = 0.8707 - 0.131979 * p2 + p4 * (-0.013791 + p4 * (0.003971 * p2 - 0.001529 * p4));
  const up = phi * (1.007226 + p2 * (0.015085 + p4 * (-0.044475 + 0.028874 * p2 - 0.005916 * p4)));
  return {
    x: MAP.x + MAP.scale * ((longitude * Math.PI) / 180) * along,
    y: MAP.y - MAP.scale * up,
  };
}
