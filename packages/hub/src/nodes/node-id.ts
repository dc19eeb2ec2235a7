/** What the id of a node looks like: the hash of the key that it joined with, in hex. */
export const NODE_ID = /^[0-9a-f]{64}$/;
