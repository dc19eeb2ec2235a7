import { BootstrapError } from './error.ts';

/** A host to bootstrap, as a line of CSV names it. */
export interface HostLine {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly label: string;
}

const MOST = 500;
const HEADER = /^host,/i;

/**
 * `host,port,user,password,label` a line; port, password and label may be empty; a cell with a comma stands between double
 * quotes. @throws BootstrapError `bad_host_list` with the line, and without what is in it.
 */
export function parseHostList(text: string): readonly HostLine[] {
  const lines = text.split(/\r?\n/).map((line, at) => ({ line, number: at + 1 }));
  const rows = lines.filter(({ line, number }) => line.trim() !== '' && !(number === 1 && HEADER.test(line)));
  if (rows.length === 0 || rows.length > MOST)
    throw bad(`the list has ${rows.length} hosts; 1 to ${MOST} are expected`);
  return rows.map(({ line, number }) => {
    const [host = '', port = '', user = '', password = '', label = '', ...more] = cellsOf(line, number);
    if (!/^[A-Za-z0-9.:-]{1,253}$/.test(host)) throw bad(`line ${number}: the first cell is no host`);
    if (!/^\d{0,5}$/.test(port) || Number(port) > 65_535)
      throw bad(`line ${number}: the second cell is no port`);
    if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(user)) throw bad(`line ${number}: the third cell is no user`);
    if (more.length > 0) throw bad(`line ${number} has ${more.length + 5} cells; 5 are expected`);
    return { host, port: port === '' ? 22 : Number(port), user, password, label };
  });
}

function cellsOf(line: string, number: number): string[] {
  const cells: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const found = cell.exec(line);
    if (found === null) throw bad(`line ${number}: a quote that does not end, or text beside one`);
    cells.push(found[1]?.replaceAll('""', '"') ?? found[2]?.trim() ?? '');
    if (found[3] === '') return cells;
  }
}

function bad(why: string): BootstrapError {
  return new BootstrapError('bad_host_list', `${why}: host,port,user,password,label`, { retry: false });
}
