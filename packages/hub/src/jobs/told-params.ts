/**
 * Parameters as pages, the API and the audit log tell them: the query of a URL may be the permission to write what is there
 * (presigned), and who only looks at a job has none. Who may run the work again finds it in the form for that.
 * @param params canonical.
 */
export function toldParams(params: string): string {
  const told = (_name: string, value: unknown) =>
    typeof value === 'string' && value.startsWith('https://') ? toldUrl(value) : value;
  return JSON.stringify(JSON.parse(params, told));
}

function toldUrl(address: string): string {
  const url = URL.parse(address);
  if (url === null) return 'https://…';
  const plain = `${url.origin}${url.pathname}`;
  return plain === url.href ? address : `${plain}?…`;
}
