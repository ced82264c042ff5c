/** What signaling logs through; pino fits. Never an envelope, an invite, a card or a name. */
export interface Log {
  info(obj: object, msg: string): void;
  warn(obj: object, msg: string): void;
  error(obj: object, msg: string): void;
  debug(obj: object, msg: string): void;
}

/** Enough of a sid to follow one session through the log, too little to address it. */
export const tagOf = (sid: string): string => sid.slice(0, 6);
