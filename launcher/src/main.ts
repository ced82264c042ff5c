/** `npm start`: options, the room, and an end that leaves nothing running. */
import { homedir, hostname, networkInterfaces } from "node:os";
import { dirname } from "node:path";
import { helpText, OptionError, type Options, parseOptions, wantsHelp } from "./options.ts";
import { type Running, sentenceOf, startLoge } from "./start.ts";

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const complain = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

function readOptions(): Options | undefined {
  const argv = process.argv.slice(2);
  if (wantsHelp(argv)) {
    process.stdout.write(helpText());
    return undefined;
  }
  try {
    return parseOptions(argv, process.env);
  } catch (thrown) {
    if (!(thrown instanceof OptionError)) throw thrown;
    complain(thrown.message);
    process.exitCode = 2;
    return undefined;
  }
}

async function run(options: Options): Promise<void> {
  const abort = new AbortController();
  let running: Promise<Running> | undefined;
  let ending = false;
  const end = async (code: number, lastWord?: string): Promise<void> => {
    if (ending) return;
    ending = true;
    abort.abort();
    // a start that was interrupted has ended its own parts when it rejects
    const started = await running?.catch(() => undefined);
    await started?.close();
    if (lastWord !== undefined) complain(lastWord);
    process.exit(code);
  };
  const onSignal = (): void => {
    if (!ending) say("Ending …");
    void end(0);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  // the script that started us is gone without a word
  process.on("disconnect", onSignal);
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  running = startLoge(options, {
    root: dirname(dirname(import.meta.dirname)),
    cwd: process.env["INIT_CWD"] ?? process.cwd(),
    env: process.env,
    home: homedir(),
    machine: { hostname: hostname(), addresses },
    say,
    now: Date.now,
    signal: abort.signal,
    onFatal: (error) => void end(1, error.message),
  });
  await running.then(
    () => undefined,
    (thrown: unknown) => end(1, sentenceOf(thrown)),
  );
}

const options = readOptions();
if (options !== undefined) await run(options);
else if (process.connected) process.disconnect();
