/**
 * Every error that may cross a wire: one closed union of codes, each with what happened and what to do next.
 * PROTOCOL.md §9 lists the same codes; `npm run check` compares the two.
 */

interface ErrorText {
  /** Cause and consequence, one sentence. */
  readonly what: string;
  /** The next step, one sentence. */
  readonly next: string;
}

export const ERRORS = {
  // anything on a wire
  BAD_MESSAGE: {
    what: "A message was not understood.",
    next: "Reload the page; both ends may run different versions.",
  },
  UNKNOWN_EVENT: {
    what: "An event of an unknown name arrived.",
    next: "Reload the page; both ends may run different versions.",
  },
  TOO_LARGE: {
    what: "The message is larger than allowed (16 KiB of text).",
    next: "Shorten it or send it in parts.",
  },
  RATE_LIMITED: {
    what: "Too many requests came in a short time.",
    next: "Wait a few seconds and try again.",
  },
  INTERNAL: {
    what: "Something went wrong inside the server.",
    next: "Try again; if it stays, tell the host.",
  },
  TIMEOUT: { what: "No answer came in time.", next: "Try again." },
  SHUTTING_DOWN: {
    what: "The server is going down.",
    next: "Wait; the page reconnects by itself when it is back.",
  },
  // invite and join
  BAD_INVITE: {
    what: "This invite link is damaged or incomplete.",
    next: "Copy the whole link again or ask the host for a new one.",
  },
  INVITE_EXPIRED: { what: "This invite has expired.", next: "Ask the host for a new link." },
  INVITE_USED_UP: {
    what: "This invite has been used as often as it allows.",
    next: "Ask the host for a new link.",
  },
  BAD_CARD: { what: "The membership card was not accepted.", next: "Reload the page and join again." },
  CLOCK_SKEW: {
    what: "The clock of this device is wrong by more than ten minutes.",
    next: "Set the clock and join again.",
  },
  NAME_EMPTY: { what: "A name is needed to join.", next: "Type a name." },
  NAME_TOO_LONG: { what: "The name is longer than 32 characters.", next: "Choose a shorter name." },
  NAME_BAD_CHARACTERS: {
    what: "The name holds characters that cannot be shown safely.",
    next: "Use letters, digits, spaces and . ' _ -",
  },
  NAME_TAKEN: { what: "Somebody else in the room already uses this name.", next: "Choose another name." },
  ROOM_FULL: { what: "The room is full.", next: "Try again when somebody has left." },
  ALREADY_JOINED: { what: "This connection has joined already.", next: "Reload the page." },
  NOT_JOINED: { what: "This connection has not joined a room.", next: "Join first." },
  REPLACED: {
    what: "You joined again from another tab or window, so this one was closed.",
    next: "Go on there, or reload to come back here.",
  },
  STRIKES: {
    what: "The connection was closed after several messages that were not understood.",
    next: "Reload the page.",
  },
  ORIGIN_REFUSED: {
    what: "The page came from another address than the server.",
    next: "Open the link that the host sent.",
  },
  INSECURE_CONTEXT: {
    what: "The browser offers no encryption on a page opened by plain http from another machine.",
    next: "Open it by https, or on the host's own machine.",
  },
  SIGNALING_AWAY: {
    what: "The server cannot be reached, so nothing was sent.",
    next: "Wait; it reconnects by itself and your text stays.",
  },
  // messages
  NO_SUCH_MEMBER: {
    what: "That person is not in the room.",
    next: "Choose somebody from the list of people.",
  },
  RECEIVER_GONE: {
    what: "That person has just left, so the message was not sent.",
    next: "Send it again when they are back; your text is kept.",
  },
  MESSAGE_EMPTY: { what: "There is nothing to send.", next: "Type a message." },
  SLOW_PEER: {
    what: "The receiver's connection is too slow to take more.",
    next: "Wait a moment and send it again.",
  },
  BAD_ENVELOPE: {
    what: "A message arrived that could not be opened or was not from whom it said.",
    next: "It was not shown; tell the host if it happens again.",
  },
  REPLAYED: { what: "A message arrived a second time.", next: "It was not shown again." },
  // media connection
  BAD_SDP: {
    what: "The offer or answer for the film connection was not acceptable.",
    next: "Reload the page.",
  },
  GATE_SHUT: {
    what: "The film connection has not proved its key yet.",
    next: "Wait a moment; reload if it stays.",
  },
  GATE_FAILED: {
    what: "The film connection could not prove who is at the other end, so it was closed.",
    next: "Somebody may sit between you and the host; tell the host.",
  },
  MEDIA_AWAY: {
    what: "The media server is away; the film stops.",
    next: "Wait; the film comes back at its position by itself.",
  },
  LINK_LOST: { what: "The film connection was lost.", next: "Wait; it is being made again." },
  FLOOD: {
    what: "The film connection was closed because it sent far too many commands.",
    next: "Reload the page.",
  },
  NO_COMMON_CODEC: {
    what: "This viewer and the server have no video codec in common.",
    next: "Use another browser.",
  },
  // titles and screenings
  TITLE_GONE: { what: "This title is no longer in the library.", next: "Choose another one." },
  NOT_PLAYABLE: { what: "This file cannot be played.", next: "Convert it or replace it." },
  ENCODER_FAILED: {
    what: "The film could not be encoded from here on.",
    next: "Try another position or resolution.",
  },
  BUDGET: {
    what: "The server is already encoding as much as it can in real time.",
    next: "Choose a lower resolution or join what is playing.",
  },
  NO_SUCH_SCREENING: { what: "That screening has ended.", next: "Play the title yourself." },
  NOT_WATCHING: { what: "You are not watching anything.", next: "Play or join a title first." },
  NOT_IN_CONTROL: {
    what: "Somebody else controls this screening.",
    next: "Ask them, or play the title yourself.",
  },
  NO_SUCH_RENDITION: {
    what: "That resolution is not offered for this title.",
    next: "Choose one from the list.",
  },
  LIBRARY_EMPTY: { what: "The library holds no videos.", next: "Put videos into the folder." },
  LIBRARY_MISSING: {
    what: "The library folder does not exist or cannot be read.",
    next: "Make the folder, or start with --videos DIR.",
  },
  // starting
  PORT_TAKEN: { what: "The port is already in use.", next: "Stop the other program or choose another port." },
  NO_FFMPEG: {
    what: "No usable ffmpeg was found.",
    next: "Install ffmpeg 5.1 or newer with libx264, libvpx and libopus, or unset FFMPEG_PATH.",
  },
} as const satisfies Record<string, ErrorText>;

export type ErrorCode = keyof typeof ERRORS;
export const ERROR_CODES = Object.keys(ERRORS) as readonly ErrorCode[];

export const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === "string" && Object.hasOwn(ERRORS, code);

/** A refusal that may be shown to the one who caused it; `detail` is a short fact (a name, a limit), never a secret. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  constructor(code: ErrorCode, detail?: string, options?: { cause?: unknown }) {
    super(detail === undefined ? code : `${code}: ${detail}`, options);
    this.code = code;
    this.detail = detail;
  }
}

/** What travels: code and, where it helps, one short fact. */
export interface WireError {
  readonly code: ErrorCode;
  readonly detail?: string | undefined;
}

/** Anything that was not meant for the other end becomes INTERNAL: a stack trace is nobody else's business. */
export const toWireError = (thrown: unknown): WireError => {
  if (!(thrown instanceof Refusal)) return { code: "INTERNAL" };
  return thrown.detail === undefined
    ? { code: thrown.code }
    : { code: thrown.code, detail: thrown.detail.slice(0, 300) };
};

/** The sentence for a person: what happened, the fact, what to do. */
export const sentence = (error: WireError): string => {
  const text = ERRORS[error.code];
  return error.detail ? `${text.what} (${error.detail}) ${text.next}` : `${text.what} ${text.next}`;
};
