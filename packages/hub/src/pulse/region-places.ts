import type { Place } from '../place.ts';

const at = (latitude: number, longitude: number): Place => ({ latitude, longitude });

/** Names that regions usually have; a hub of another name says its place itself (REGION_PLACE). */
const KNOWN: Readonly<Record<string, Place>> = {
  eu: at(50, 10),
  'eu-west': at(51, -1),
  'eu-central': at(50, 10),
  'eu-north': at(60, 18),
  'eu-south': at(42, 13),
  'eu-east': at(50, 26),
  uk: at(53, -2),
  na: at(40, -98),
  us: at(40, -98),
  'us-east': at(39, -77),
  'us-central': at(41, -94),
  'us-west': at(40, -121),
  ca: at(52, -106),
  latam: at(-14, -58),
  sa: at(-14, -58),
  br: at(-14, -50),
  af: at(2, 22),
  'af-south': at(-29, 25),
  me: at(25, 48),
  in: at(21, 78),
  apac: at(14, 112),
  asia: at(30, 105),
  'ap-south': at(19, 77),
  'ap-southeast': at(2, 104),
  'ap-northeast': at(36, 138),
  jp: at(36, 138),
  sg: at(1, 104),
  oc: at(-26, 134),
  au: at(-26, 134),
};

/** @param own the place of this hub's region, where it is configured. */
export function placeOf(
  region: string,
  own?: { region: string; place: Place | undefined },
): Place | undefined {
  if (own?.place !== undefined && region === own.region) return own.place;
  return Object.hasOwn(KNOWN, region.toLowerCase()) ? KNOWN[region.toLowerCase()] : undefined;
}
