/** WebSocket close codes of the agent channel. A close code is unsigned, so none of them ever un-enrols (F05). */
export const CLOSE = {
  badFrame: 4000,
  badHandshake: 4001,
  replaced: 4003,
  handshakeTimeout: 4005,
  quarantined: 4008,
  slowReader: 4009,
  goingAway: 4010,
  throttled: 4011,
  unsupportedVersion: 4012,
  tooLarge: 4013,
  deadPeer: 4014,
  refused: 4015,
  unavailable: 4016,
} as const;

export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE];
