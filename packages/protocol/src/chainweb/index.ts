export { auditAnswer } from './audit-answer.ts';
export { hashBytes, hashText, isHash } from './block-hash.ts';
export { type Checkpoint, createCheckpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.ts';
export { type Cut, decodeCut, type Tip } from './cut.ts';
export { meetsTarget, nextEpochStart, nextTarget, workOf } from './difficulty.ts';
export {
  ChainwebError,
  type ChainwebErrorCode,
  CheckpointError,
  CutFormatError,
  HeaderFormatError,
  PayloadFormatError,
} from './error.ts';
export { forkNumber, forkVotes } from './fork-state.ts';
export { createGenesis, type Genesis } from './genesis.ts';
export { type ChainGraph, petersenGraph } from './graph.ts';
export { blake2s256, sha512t256 } from './hashing.ts';
export {
  type AdjacentHash,
  decodeHeader,
  decodeHeaderText,
  encodeHeader,
  encodeHeaderText,
  encodeWork,
  type Header,
} from './header.ts';
export { headerHash, powHash, workHash } from './header-hash.ts';
export {
  decodeHeaderObject,
  encodeHeaderObject,
  headerFromObject,
  parseHeaderJson,
} from './header-object.ts';
export { HASH_BYTES, HEADER_BYTES, WORK_BYTES } from './layout.ts';
export { inputLeaf, merkleRoot } from './merkle.ts';
export { draftHeader, mineHeader, type Work } from './mining.ts';
export { type ChainwebNetwork, networkByName, simulatedNetwork, stoaNetwork } from './network.ts';
export { decodePayload, type Miner, minerOf, type Payload, payloadHash } from './payload.ts';
export { MAX_UINT256, parseUint256, readUint256, uint256Text, writeUint256 } from './uint256.ts';
export {
  type Descent,
  type HeaderContext,
  type HeaderVerdict,
  type InvalidHeader,
  type InvalidHeaderCode,
  validateAlone,
  validateDescent,
  validateHeader,
  validateTime,
} from './validation.ts';
