/** What holders of governance do to the contract: texts to sign, and what ten chains have of them. */
export {
  type ChangeSetting,
  type ContractChange,
  type ContractPlace,
  changeCommand,
  type Deployed,
  deployedCode,
  requireDeployed,
} from './deploy.ts';
export { keysetSchema, readContract, readKeyset, readPart, readPlace, writeCommand } from './files.ts';
export { type Keyset, requireSigners } from './keysets.ts';
export { joinSignatures } from './signatures.ts';
