/** Where a region is drawn: about the middle of where its nodes are. Degrees north and east. */
export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

/** `48.2,16.4`. @returns undefined for what is no place on earth. */
export function parsePlace(text: string): Place | undefined {
  const [, north, east] =
    /^\s*(-?\d{1,2}(?:\.\d{1,6})?)\s*,\s*(-?\d{1,3}(?:\.\d{1,6})?)\s*$/.exec(text) ?? [];
  if (north === undefined || east === undefined) return undefined;
  const place = { latitude: Number(north), longitude: Number(east) };
  return Math.abs(place.latitude) <= 90 && Math.abs(place.longitude) <= 180 ? place : undefined;
}
