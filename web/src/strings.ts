/** Every word the interface says, in one typed catalogue. Sentences of errors stand in `@loge/protocol/errors`. */

const en = {
  product: "Loge",
  tagline: "A private screening room",
  notFound: "There is nothing at this address. Open the link that the host sent.",
  noLinkTitle: "You need an invite",
  needsScript: "Loge needs JavaScript: it encrypts in your browser.",

  yourName: "Your name",
  join: "Join",
  joining: "Joining…",
  joinPromise: "No account, and nothing is kept: not on the server, not here.",
  unprotected: "This link carries no room secret: whoever runs the server could pose as a member.",
  cannotReach: "The server cannot be reached. Trying again…",

  leave: "Leave",
  copyInvite: "Copy invite",
  inviteCopied: "Invite copied",
  copyFailed: "The browser refused to copy. Copy the address of this page instead.",

  people: "People",
  you: "you",
  away: "reconnecting",
  keyTag: "Key tag: compare it by voice to be sure who this is",
  verify: (name: string) => `Verify ${name}`,
  safetyNumber: (name: string) => `Safety number with ${name}`,
  safetyWaiting: "Working it out…",
  safetyHow: (name: string) =>
    `Read these digits to each other on the phone or side by side, not in this room; ${name} finds them under your name. If they are the same, you have each other's true keys; if not, write nothing private and tell the host.`,
  close: "Close",
  watching: (title: string) => `watching ${title}`,
  alone: "Nobody else is here yet. Send them the invite.",

  library: "Library",
  onNow: "On now",
  play: (title: string) => `Play ${title}`,
  joinTitle: (title: string) => `Join ${title}`,
  watchedBy: (names: string) => `${names} watching`,
  libraryWaiting: "Opening the library…",
  libraryWaitingMedia: "The media server is not here yet. The library opens when it comes.",
  noSound: "no sound",
  original: "your picture",

  resolution: "Resolution",
  source: "Source",
  lines: (lines: number) => `${lines}p`,

  film: "Film",
  playButton: "Play",
  pause: "Pause",
  seek: "Seek",
  volume: "Volume",
  mute: "Mute",
  unmute: "Unmute",
  soundOn: "Turn on sound",
  fullScreen: "Full screen",
  leaveFullScreen: "Leave full screen",
  backToLibrary: "Back to the library",
  playAgain: "Play again",
  theEnd: "The end",
  position: (now: string, whole: string) => `${now} of ${whole}`,
  paused: "Paused",
  pausedBy: (name: string) => `${name} paused`,

  playback: "Playback",
  statusIdle: "No film is on",
  statusConnecting: "Connecting to the media server",
  statusReconnecting: "Reconnecting to the media server",
  statusPlaying: (title: string, size: string) => `playing ${title}, ${size}`,
  statusPaused: (title: string) => `paused ${title}`,
  statusEnded: (title: string) => `ended ${title}`,

  controls: "Who controls",
  modes: { owner: "Only the owner", everyone: "Everyone", ask: "Whoever asks" },
  controlledBy: (name: string) => `${name} controls this screening`,
  somebody: "somebody who has left",
  askForControl: "Ask for control",
  asked: "Asked. Waiting for the answer.",
  asksForControl: (name: string) => `${name} asks for control.`,
  allow: (name: string) => `Let ${name} control`,
  refuse: "Not now",

  messages: "Messages",
  noMessages: "Only the people in this room can read what you write. Nothing is kept.",
  to: "To",
  everyone: "Everyone",
  gone: (name: string) => `${name} (gone)`,
  message: "Message",
  messageHint: "Write a message",
  send: "Send",
  sending: "Sending…",
  encrypted: "encrypted",
  encryptedTo: (name: string) => `encrypted, to ${name}`,
  encryptedToYou: "encrypted, to you",
  sent: "sent",
  sentToNobody: "nobody else was here",
  delivered: "delivered",
  deliveredTo: (got: number, of: number) => `delivered to ${got} of ${of}`,
  receiverLeft: (name: string) => `${name} has left. Your text is kept; choose somebody else or wait.`,

  signalingAway: "The server is away; it reconnects by itself. The film goes on meanwhile.",
  mediaAway: "The media server is away. The film comes back at its position by itself.",
  noMedia: "The media server is not in the room.",
  joinedToast: (names: string) => `${names} joined`,
  leftToast: (names: string) => `${names} left`,
  dismiss: "Dismiss",
} as const;

type Widen<T> = T extends string
  ? string
  : T extends (...args: infer A) => string
    ? (...args: A) => string
    : { readonly [K in keyof T]: Widen<T[K]> };
export type Strings = Widen<typeof en>;

const CATALOGUES: Readonly<Record<string, Strings>> = { en };

/** The catalogue of a language; English where there is none. */
export const strings = (lang: string): Strings => CATALOGUES[lang] ?? en;
