/**
 * The terminal. Its rules:
 *
 * - stdout: what the room says and what was asked for (messages, comings and goings, lists, films, questions).
 * - stderr: errors (`loge: error: …`, then `loge: hint: …`), confirmations, and how the connections are.
 * - On a terminal a line of input is edited at the bottom while everything else is printed above it; a film in blocks takes
 *   the upper part. What could not be sent comes back into the line.
 * - Without one (a pipe, a file, a test) there is no prompt and no escape sequence: a question is a line of its own and the
 *   next line of input answers it.
 * - Text of others comes through `printable` before it gets here; colours only on a terminal and without NO_COLOR.
 */
import { createInterface, type Interface } from "node:readline";
import type { ReadStream, WriteStream } from "node:tty";
import type { Colours } from "./render-blocks.ts";
import { divide, drawing, stageRows, type TerminalSize, talkLines, unite, wipe } from "./stage.ts";
import { errorLines } from "./words.ts";

export interface Streams {
  readonly input: NodeJS.ReadableStream & Partial<Pick<ReadStream, "isTTY">>;
  readonly output: NodeJS.WritableStream &
    Partial<Pick<WriteStream, "isTTY" | "columns" | "rows" | "writableNeedDrain">>;
  readonly errors: NodeJS.WritableStream & Partial<Pick<WriteStream, "isTTY">>;
  readonly colours: Colours;
  /** Ctrl-C on an empty line. */
  readonly interrupted: () => void;
}

/** The upper part of a terminal, while a film runs in it. */
export interface Stage {
  columns(): number;
  rows(): number;
  draw(lines: readonly string[], width: number): void;
  close(): void;
}

type Paint = "bold" | "dim" | "red" | "cyan";
const SGR: Record<Paint, string> = { bold: "1", dim: "2", red: "31", cyan: "36" };
const PROMPT = "> ";
/** Lines kept for a terminal that is divided or whole again; in memory only. */
const KEPT_LINES = 20;
const KEPT_DURING_FILM = 500;
const MAX_WAITING_LINES = 256;

export class Screen {
  readonly isTty: boolean;
  readonly colours: Colours;
  readonly #s: Streams;
  readonly #rl: Interface;
  readonly #lines: string[] = [];
  #reader: ((line: string | undefined) => void) | undefined;
  #question: string | undefined;
  #ended = false;
  readonly #talk: string[] = [];
  #stageIsOpen = false;

  constructor(streams: Streams) {
    this.#s = streams;
    this.isTty = streams.input.isTTY === true && streams.output.isTTY === true;
    this.colours = streams.colours;
    this.#rl = this.isTty
      ? createInterface({
          input: streams.input,
          output: streams.output,
          terminal: true,
          prompt: PROMPT,
          historySize: 500,
        })
      : createInterface({ input: streams.input, terminal: false, crlfDelay: Number.POSITIVE_INFINITY });
    this.#rl.on("line", (line) => this.#onLine(line));
    this.#rl.on("close", () => this.#onEnd());
    this.#rl.on("SIGINT", () => this.#onInterrupt());
    // answers to questions are not commands: arrow-up must not bring a private line back as a broadcast
    this.#rl.on("history", (history: string[]) => {
      if (this.#question !== undefined) history.shift();
    });
  }

  get #size(): TerminalSize {
    return { columns: this.#s.output.columns ?? 80, rows: this.#s.output.rows ?? 24 };
  }
  /** The terminal has not taken yet what was drawn. */
  get isBehind(): boolean {
    return this.#s.output.writableNeedDrain === true;
  }

  /** For a line to stdout. */
  paint(text: string, paint: Paint): string {
    return this.#paint(this.#s.output, text, paint);
  }

  /** To stdout. */
  line(text: string): void {
    this.#print(this.#s.output, text);
  }

  /** To stderr. */
  note(text: string): void {
    this.#print(this.#s.errors, this.#paint(this.#s.errors, text, "dim"));
  }

  /** What went wrong and the next step, to stderr. */
  error(thrown: unknown): void {
    const { what, hint } = errorLines(thrown);
    this.#print(
      this.#s.errors,
      `loge: ${this.#paint(this.#s.errors, "error:", "red")} ${what}\nloge: hint: ${hint}`,
    );
  }

  /** The next line of input, asked for by `question` where there is one; undefined when there is no more, or Ctrl-C answered. */
  read(question?: string): Promise<string | undefined> {
    this.#question = question;
    if (!this.isTty && question !== undefined) this.line(question.trimEnd());
    const waiting = this.#lines.shift();
    if (waiting !== undefined || this.#ended) {
      if (this.#lines.length === 0 && !this.#ended) this.#rl.resume();
      this.#question = undefined;
      return Promise.resolve(waiting);
    }
    if (this.isTty) {
      this.#rl.setPrompt(question ?? PROMPT);
      this.#rl.prompt(true);
    }
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  /** Puts what could not be sent back into the line, unless something new stands there. */
  restore(text: string): void {
    if (this.isTty && !this.#ended && this.#rl.line === "" && this.#lines.length === 0) this.#rl.write(text);
  }

  openStage(): Stage {
    const out = this.#s.output;
    let shape = "";
    let isClosed = false;
    const open = (): void => {
      this.#liftPrompt();
      this.#stageIsOpen = true;
      const recent = this.#talk.slice(-talkLines(this.#size)).map((line) => `${line}\n`);
      out.write(divide(this.#size) + recent.join(""));
      this.#rl.prompt(true);
    };
    const resized = (): void => {
      out.write(unite);
      shape = "";
      open();
    };
    open();
    out.on("resize", resized);
    return {
      columns: () => this.#size.columns,
      rows: () => stageRows(this.#size),
      draw: (lines, width) => {
        const next = `${width}x${lines.length}`;
        const before = next === shape ? "" : wipe(this.#size);
        shape = next;
        if (!isClosed) out.write(before + drawing(lines, width, this.#size));
      },
      close: () => {
        if (isClosed) return;
        isClosed = true;
        this.#stageIsOpen = false;
        out.removeListener("resize", resized);
        // a divided terminal keeps no lines that scroll away, so all that was said meanwhile is printed again
        out.write(unite + this.#talk.map((line) => `${line}\n`).join(""));
        this.#talk.splice(0, this.#talk.length - KEPT_LINES);
        if (!this.#ended) this.#rl.prompt(true);
      },
    };
  }

  /** Gives the terminal back. What was printed has been handed over when this resolves. */
  async close(): Promise<void> {
    const wasOpen = !this.#ended;
    if (this.isTty && wasOpen) this.#liftPrompt();
    this.#ended = true;
    this.#rl.close();
    for (const stream of [this.#s.output, this.#s.errors]) {
      await new Promise<void>((resolve) => {
        if (stream.writable) stream.write("", () => resolve());
        else resolve();
      });
    }
  }

  #print(stream: NodeJS.WritableStream & { isTTY?: boolean }, text: string): void {
    if (!this.isTty || this.#ended || stream.isTTY !== true) {
      stream.write(`${text}\n`);
      return;
    }
    this.#keep(text);
    const { rows } = this.#rl.getCursorPos();
    this.#liftPrompt();
    // readline goes up by the rows its line had before it draws it again
    stream.write(`${text}\n${"\n".repeat(rows)}`);
    this.#rl.prompt(true);
  }

  #paint(stream: { readonly isTTY?: boolean }, text: string, paint: Paint): string {
    if (stream.isTTY !== true || this.colours === "none") return text;
    return `\x1b[${SGR[paint]}m${text}\x1b[0m`;
  }

  #keep(text: string): void {
    this.#talk.push(...text.split("\n"));
    const most = this.#stageIsOpen ? KEPT_DURING_FILM : KEPT_LINES;
    if (this.#talk.length > most) this.#talk.splice(0, this.#talk.length - most);
  }

  /** Clears the line of input; it is drawn again by `prompt`. */
  #liftPrompt(): void {
    const { rows } = this.#rl.getCursorPos();
    this.#s.output.write(`${rows > 0 ? `\x1b[${rows}A` : ""}\r\x1b[J`);
  }

  #onLine(line: string): void {
    if (this.isTty) this.#keep(`${this.#question ?? PROMPT}${line}`);
    if (this.#reader) {
      this.#answer(line);
      return;
    }
    this.#lines.push(line);
    if (this.#lines.length >= MAX_WAITING_LINES && !this.isTty) this.#rl.pause();
  }

  #answer(line: string | undefined): void {
    const reader = this.#reader;
    this.#reader = undefined;
    this.#question = undefined;
    if (this.isTty) this.#rl.setPrompt(PROMPT);
    reader?.(line);
  }

  #onEnd(): void {
    this.#ended = true;
    if (this.#reader) this.#answer(undefined);
  }

  #onInterrupt(): void {
    const isQuestion = this.#question !== undefined;
    const hadText = this.#rl.line !== "";
    if (hadText) this.#rl.write(null, { ctrl: true, name: "e" });
    if (hadText) this.#rl.write(null, { ctrl: true, name: "u" });
    if (isQuestion && this.#reader) this.#answer(undefined);
    else if (!hadText) this.#s.interrupted();
  }
}
