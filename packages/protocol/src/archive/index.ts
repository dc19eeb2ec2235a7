export { exchangePublicKey, exchangeSecret } from './exchange-key.ts';
export {
  type ArchiveHeader,
  formatHeader,
  HEADER_PREFIX_BYTES,
  headerLength,
  openHeader,
  parseHeader,
  sealHeader,
} from './header.ts';
export { ArchiveReader, PIECE_BYTES, sealPieces, TAG_BYTES } from './pieces.ts';
