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
/** Rows that stay for messages and the line of input. */
const TALK_ROWS = 8;
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
  #stageRows = 0;

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

  get columns(): number {
    return this.#s.output.columns ?? 80;
  }
  get rows(): number {
    return this.#s.output.rows ?? 24;
  }
  /** The terminal has not taken yet what was drawn. */
  get isBehind(): boolean {
    return this.#s.output.writableNeedDrain === true;
  }

  paint(text: string, ...paints: readonly Paint[]): string {
    if (!this.isTty || this.colours === "none") return text;
    return `\x1b[${paints.map((paint) => SGR[paint]).join(";")}m${text}\x1b[0m`;
  }

  /** To stdout. */
  line(text: string): void {
    this.#print(this.#s.output, text);
  }

  /** To stderr. */
  note(text: string): void {
    this.#print(this.#s.errors, this.paint(text, "dim"));
  }

  /** What went wrong and the next step, to stderr. */
  error(thrown: unknown): void {
    const { what, hint } = errorLines(thrown);
    this.#print(this.#s.errors, `loge: ${this.paint("error:", "red")} ${what}\nloge: hint: ${hint}`);
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
    const rows = (): number => Math.max(2, this.rows - TALK_ROWS);
    const open = (): void => {
      this.#liftPrompt();
      this.#stageRows = rows();
      // what stood there scrolls away instead of being painted over
      out.write(
        `\x1b[${this.rows};1H${"\n".repeat(this.#stageRows)}\x1b[${this.#stageRows + 1};${this.rows}r\x1b[${this.rows};1H`,
      );
      this.#rl.prompt(true);
    };
    const resized = (): void => {
      out.write("\x1b[r\x1b[2J");
      open();
    };
    let isClosed = false;
    open();
    out.on("resize", resized);
    return {
      columns: () => this.columns,
      rows,
      draw: (lines, width) => {
        const left = Math.max(0, Math.floor((this.columns - width) / 2));
        const top = Math.max(0, Math.floor((this.#stageRows - lines.length) / 2));
        let frame = "\x1b[?2026h\x1b7";
        for (const [index, line] of lines.entries()) frame += `\x1b[${top + index + 1};${left + 1}H${line}`;
        out.write(`${frame}\x1b8\x1b[?2026l`);
      },
      close: () => {
        if (isClosed) return;
        isClosed = true;
        out.removeListener("resize", resized);
        this.#liftPrompt();
        let wipe = "\x1b[r";
        for (let row = 1; row <= this.#stageRows; row++) wipe += `\x1b[${row};1H\x1b[2K`;
        this.#stageRows = 0;
        out.write(`${wipe}\x1b[${this.rows};1H`);
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
    const { rows } = this.#rl.getCursorPos();
    this.#liftPrompt();
    // readline goes up by the rows its line had before it draws it again
    stream.write(`${text}\n${"\n".repeat(rows)}`);
    this.#rl.prompt(true);
  }

  /** Clears the line of input; it is drawn again by `prompt`. */
  #liftPrompt(): void {
    const { rows } = this.#rl.getCursorPos();
    this.#s.output.write(`${rows > 0 ? `\x1b[${rows}A` : ""}\r\x1b[J`);
  }

  #onLine(line: string): void {
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
