/** What a spreadsheet takes for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** RFC 4180. Text of people is anybody's: what would be run as a formula is told as text by a quote before it. */
export function csvCell(value: string | number | boolean | undefined): string {
  if (typeof value !== 'string') return value === undefined ? '' : String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
