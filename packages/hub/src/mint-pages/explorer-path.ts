/** Of every page of mints that is for everybody. */
export const PATH = '/explorer/mints';
