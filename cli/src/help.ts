/** The two help texts. */

export const USAGE = `Loge: join a screening room from the terminal.

  npm run client -- 'INVITE' [options]

INVITE is the link that the host sent, in single quotes. Without it the client asks for it, which keeps the
room's secret out of the process list.

  --name NAME        your name in the room; asked for when absent
  --video KIND       where films are shown: mpv, ffplay (a window with sound), terminal (coloured blocks), none
                     (default: the best that is there; none when input or output is not a terminal)
  --identity FILE    keep the same key over several runs; FILE is made (mode 0600) when absent
  --ca FILE          trust this certificate authority too (PEM), for a host with --https
  -h, --help         this text

Examples:
  npm run client -- 'http://127.0.0.1:3000/#v=1&r=…' --name Anna
  npm run client -- 'https://192.168.1.5:3000/#v=1&r=…' --name Anna --ca loge-ca.pem --video terminal
  printf '%s\\n' 'hello' 'encrypt Bob see you at eight' | npm run client -- 'INVITE' --name Anna
  printf '%s\\n' 'video "Sample" 360' | npm run client -- 'INVITE' --name Anna     plays to its end, then leaves

NO_COLOR is respected. Exit code: 0 after leaving, 1 after an error, 2 when the command line was not understood.
`;

export const HELP = `A plain line goes to everyone, encrypted to each of them.
  encrypt [NAME TEXT]      a line for one person only; names with spaces in quotes: encrypt "Anna Maria" hello
  people                   who is here, their key tags, and what they watch
  verify NAME              the safety number that you and NAME compare, to be sure of each other's keys
  video ["TITLE" [360]]    play a title (its number is enough) at a resolution: source, 1080, 720, 480, 360, …
  join NAME                watch along with somebody
  pause, resume, stop      of what you watch
  seek 1:23                also 1:02:03, 83, +10, -10
  resolution 480           of what you watch, or of the next title
  mode owner|everyone|ask  who may control your screening
  ask, grant NAME, deny NAME   asking for control, and the owner's answer
  say TEXT  or  \\TEXT      text that begins with one of these words
  help, quit               (Ctrl-C leaves too)
`;
