/** The conversation: reads line after line and does what it says, until `quit` or the end of input. */
import { foldName } from "@loge/protocol/card";
import type { Height, TitleInfo, Command as Wire } from "@loge/protocol/control";
import { Refusal } from "@loge/protocol/errors";
import { safetyNumber } from "@loge/protocol/safety";
import type { Member } from "@loge/protocol/session";
import { positionMs } from "@loge/protocol/watch";
import { type Command, parseLine, type Seek } from "./commands.ts";
import { askEncrypt, askVideo, Unsent } from "./dialogs.ts";
import { HELP } from "./help.ts";
import { chooseHeight, findMember, findVideo, screeningOf, withName } from "./lookup.ts";
import { peopleLines, safetyLines } from "./narrate.ts";
import type { Screen } from "./screen.ts";
import type { Visit } from "./visit.ts";
import { Complaint, clock, heightList, heightName, printable, titleLine } from "./words.ts";

const LINK_MS = 30_000;
const FIRST_SCREENINGS_MS = 3000;
const REJOIN_MS = 30_000;
const RECEIPTS_MS = 3000;
/** After the end of input nobody is there who would wait for ever. */
const LOST_MS = 60_000;

export interface ConverseOptions {
  readonly visit: Visit;
  readonly screen: Screen;
  readonly now: () => number;
}

/** Resolves when the person is through. Throws only where the rest could not be finished after the end of input. */
export async function converse(options: ConverseOptions): Promise<void> {
  const conversation = new Conversation(options);
  for (;;) {
    const line = await options.screen.read();
    if (line === undefined) break;
    if (await conversation.handle(line)) return;
  }
  if (!options.screen.isTty) await finish(options);
}

/** Everything said is delivered and the film has run to its end. */
async function finish({ visit }: ConverseOptions): Promise<void> {
  const isOver = (): boolean => {
    const watch = visit.link.watch;
    const own = screeningOf(visit.screenings, visit.session.sid);
    // paused, and nobody else is there who could go on
    const isStuck =
      watch?.phase === "watching" && !watch.frozen && !watch.line.playing && own?.viewers.length === 1;
    return !visit.theatre.isRunning || isStuck;
  };
  await visit.changes.until(() => visit.receipts.isEmpty, RECEIPTS_MS);
  while (!isOver()) {
    await visit.changes.until(isOver, 200); // the end of settling is no event
    if (isOver() || visit.link.state === "open") continue;
    const isBack = await visit.changes.until(() => visit.link.state === "open" || isOver(), LOST_MS);
    if (!isBack) throw new Refusal("LINK_LOST");
  }
}

class Conversation {
  readonly #visit: Visit;
  readonly #screen: Screen;
  readonly #now: () => number;
  /** What was last asked for; undefined: the title's usual one. */
  #height: Height | undefined;

  constructor(options: ConverseOptions) {
    this.#visit = options.visit;
    this.#screen = options.screen;
    this.#now = options.now;
  }

  /** True after `quit`. */
  async handle(line: string): Promise<boolean> {
    try {
      const command = parseLine(line);
      if (command.type === "quit") return true;
      await this.#do(command);
    } catch (thrown) {
      const cause = thrown instanceof Unsent ? thrown.cause : thrown;
      this.#screen.error(
        cause instanceof Refusal ? withName(cause, (sid) => this.#visit.nameOf(sid)) : cause,
      );
      this.#screen.restore(thrown instanceof Unsent ? thrown.line : line);
    }
    return false;
  }

  async #do(command: Command): Promise<void> {
    switch (command.type) {
      case "nothing":
      case "quit":
        return;
      case "help":
        return this.#screen.line(HELP.trimEnd());
      case "people":
        return this.#people();
      case "say":
        return await this.#say(command.text, undefined);
      case "encrypt":
        return await this.#encrypt(command.receiver, command.rest);
      case "video":
        return await this.#video(command);
      case "join":
        return await this.#join(command.name);
      case "verify":
        return await this.#verify(command.name);
      case "seek":
        return await this.#seek(command.seek);
      case "resolution":
        return await this.#resolution(command.height);
      case "grant":
      case "deny": {
        const { sid } = findMember(this.#visit.others, command.name);
        await this.#request({ type: "grant", sid, allow: command.type === "grant" });
        return;
      }
      case "mode":
        await this.#request({ type: "mode", mode: command.mode });
        return this.#screen.line(`controls: ${command.mode}`);
      case "pause":
      case "resume":
      case "stop":
        await this.#request({ type: command.type });
        return;
      case "ask":
        await this.#request({ type: "ask" });
        return this.#screen.line("asked for control");
    }
  }

  #people(): void {
    const { session, media, screenings } = this.#visit;
    for (const line of peopleLines({
      members: session.members.values(),
      self: session.sid,
      media,
      screenings,
    })) {
      this.#screen.line(line);
    }
  }

  async #verify(name: string): Promise<void> {
    const { session, others } = this.#visit;
    const self = session.members.get(session.sid);
    if (!self) throw new Refusal("NOT_JOINED");
    if (foldName(name) === foldName(self.name))
      throw new Complaint("that is you", "For example: verify NAME, with the name of somebody else.");
    const member = findMember(others, name);
    for (const line of safetyLines(self, member, await safetyNumber(self, member))) this.#screen.line(line);
  }

  async #say(text: string, to: Member | undefined): Promise<void> {
    const { session, receipts } = this.#visit;
    // a script has nobody who would type the line again
    if (!this.#screen.isTty) await this.#visit.changes.until(() => session.state.kind !== "away", REJOIN_MS);
    const receivers = to ? [to] : this.#visit.others;
    const said = await session.say(text, to ? to.sid : "everyone");
    receipts.sent(
      said.mid,
      receivers.map((member) => member.sid),
    );
    if (to && this.#screen.isTty)
      return this.#screen.line(`you → ${to.name} (encrypted): ${printable(text)}`);
    if (to) return this.#screen.note(`sent to ${to.name} (encrypted)`);
    if (said.receivers === 0) return this.#screen.note("nobody else is here, so nobody got it");
    if (!this.#screen.isTty) this.#screen.note(`sent to everyone (${said.receivers})`);
  }

  async #encrypt(quoted: string | undefined, rest: string): Promise<void> {
    const { receiver, text } = await askEncrypt(this.#screen, this.#visit.others, quoted, rest);
    if (text === "") return;
    try {
      await this.#say(text, findMember(this.#visit.others, receiver));
    } catch (thrown) {
      throw new Unsent(`encrypt "${receiver}" ${text}`, thrown);
    }
  }

  async #video(typed: Command & { readonly type: "video" }): Promise<void> {
    const wish =
      typed.title === undefined
        ? await askVideo(this.#screen, () => this.#list())
        : { ...typed, title: typed.title };
    if (!wish) return;
    try {
      const found = findVideo(await this.#titles(), wish);
      const height = this.#wanted(found.title, found.height);
      await this.#play({ type: "play", title: found.title.title, height });
    } catch (thrown) {
      const tail = wish.height === undefined ? "" : ` ${heightName(wish.height)}`;
      throw new Unsent(`video "${wish.title}"${tail}`, thrown);
    }
  }

  /** A height typed now must be there; one remembered from before is a wish. */
  #wanted(title: TitleInfo, typed: Height | undefined): Height {
    if (typed !== undefined) return chooseHeight(title, typed);
    return this.#height !== undefined && title.heights.includes(this.#height) ? this.#height : title.usual;
  }

  async #list(): Promise<void> {
    const titles = await this.#titles();
    const width = String(titles.length).length;
    for (const [index, title] of titles.entries()) this.#screen.line(titleLine(title, index + 1, width));
    const heights = new Set(titles.flatMap((title) => title.heights));
    this.#screen.line(`resolutions: ${heightList([...heights].sort(byHeight))}; empty for the usual one`);
  }

  async #titles(): Promise<readonly TitleInfo[]> {
    await this.#linkOpen();
    return await this.#visit.catalogue.titles(this.#visit.link);
  }

  async #linkOpen(): Promise<void> {
    const { link, session } = this.#visit;
    if (link.state === "open") return;
    if (this.#screen.isTty) this.#screen.note("waiting for the film connection");
    const isOpen = await this.#visit.changes.until(() => link.state === "open", LINK_MS);
    if (!isOpen) throw new Refusal(session.media ? "LINK_LOST" : "MEDIA_AWAY");
  }

  async #play(command: Wire): Promise<void> {
    const { link, theatre } = this.#visit;
    theatre.expect();
    try {
      await link.request(command);
    } catch (thrown) {
      theatre.forget();
      throw thrown;
    }
  }

  async #join(name: string): Promise<void> {
    await this.#linkOpen();
    await this.#visit.changes.until(() => this.#visit.toldScreenings !== undefined, FIRST_SCREENINGS_MS);
    const member = findMember(this.#visit.others, name);
    const screening = screeningOf(this.#visit.screenings, member.sid);
    if (!screening)
      throw new Complaint(`${member.name} is not watching anything`, "people shows who watches what.");
    const title = (await this.#visit.catalogue.titles(this.#visit.link)).find(
      (known) => known.title === screening.title,
    );
    if (!title) throw new Refusal("TITLE_GONE");
    await this.#play({
      type: "join",
      screening: screening.screening,
      height: this.#wanted(title, undefined),
    });
  }

  async #seek(seek: Seek): Promise<void> {
    const { watch } = this.#visit.link;
    if (!watch) throw new Refusal("NOT_WATCHING");
    const { durationMs } = watch.line;
    if ("toMs" in seek && seek.toMs > durationMs) {
      throw new Complaint(
        `the film is ${clock(durationMs)} long`,
        `For example: seek ${clock(durationMs / 2)}`,
      );
    }
    const toMs = "toMs" in seek ? seek.toMs : positionMs(watch, this.#now()) + seek.byMs;
    await this.#request({ type: "seek", toMs: Math.min(durationMs, Math.max(0, toMs)) });
  }

  async #resolution(height: Height): Promise<void> {
    const { watch } = this.#visit.link;
    if (watch?.phase === "watching") {
      const title = (await this.#visit.catalogue.titles(this.#visit.link)).find(
        (known) => known.title === watch.line.title,
      );
      if (title) chooseHeight(title, height);
      await this.#request({ type: "height", height });
    } else this.#screen.line(`the next film comes in ${heightName(height)}`);
    this.#height = height;
  }

  async #request(command: Wire): Promise<void> {
    await this.#linkOpen();
    await this.#visit.link.request(command);
  }
}

const byHeight = (a: Height, b: Height): number =>
  (b === "source" ? Infinity : b) - (a === "source" ? Infinity : a);
