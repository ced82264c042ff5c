/** The way in: one field, one button; and the page for links that lead nowhere. */
import { sentence, type WireError } from "@loge/protocol/errors";
import { type FormEvent, type RefObject, useEffect } from "react";
import type { Strings } from "./strings.ts";

interface JoinFormProps {
  readonly t: Strings;
  readonly inputRef: RefObject<HTMLInputElement | null>;
  readonly isReady: boolean;
  readonly isJoining: boolean;
  readonly isProtected: boolean;
  readonly isUnreachable: boolean;
  readonly defaultName: string;
  readonly error: WireError | undefined;
  readonly onJoin: (name: string) => void;
}

export function JoinForm(props: JoinFormProps) {
  const { t, inputRef, isReady, isJoining, error } = props;
  const isNamesFault = error?.code.startsWith("NAME_") === true;

  useEffect(() => {
    if (error) inputRef.current?.focus();
  }, [error, inputRef]);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isReady) props.onJoin(inputRef.current?.value ?? "");
  };
  return (
    <main className="house">
      <section className="ticket">
        <Wordmark t={t} />
        <form className="join" onSubmit={submit} noValidate>
          <label className="join-label" htmlFor="name">
            {t.yourName}
          </label>
          <div className="join-row">
            <input
              id="name"
              ref={inputRef}
              type="text"
              autoComplete="off"
              autoCapitalize="words"
              spellCheck={false}
              // biome-ignore lint/a11y/noAutofocus: the page has this one field and nothing before it
              autoFocus
              enterKeyHint="go"
              readOnly={isJoining}
              defaultValue={props.defaultName}
              aria-invalid={isNamesFault}
              aria-describedby={error ? "name-error" : "name-hint"}
            />
            <button type="submit" className="primary" disabled={!isReady}>
              {t.join}
            </button>
          </div>
          {error && (
            <p id="name-error" className="fault" role="alert">
              {sentence(error)}
            </p>
          )}
        </form>
        <p id="name-hint" className="ticket-foot" aria-live="polite">
          {props.isUnreachable ? t.cannotReach : isJoining ? t.joining : t.joinPromise}
        </p>
        {!props.isProtected && <p className="ticket-foot">{t.unprotected}</p>}
        <noscript>
          <p className="fault">{t.needsScript}</p>
        </noscript>
      </section>
    </main>
  );
}

/** A link that cannot be used, with the reason and the next step. */
export function Unusable({ t, error }: { readonly t: Strings; readonly error: WireError }) {
  return (
    <main className="house">
      <section className="ticket">
        <Wordmark t={t} />
        {error.code === "BAD_INVITE" && <h2 className="ticket-title">{t.noLinkTitle}</h2>}
        <p className="fault" role="alert">
          {sentence(error)}
        </p>
      </section>
    </main>
  );
}

const Wordmark = ({ t }: { readonly t: Strings }) => (
  <header className="ticket-head">
    <h1 className="wordmark">{t.product}</h1>
    <p className="tagline">{t.tagline}</p>
  </header>
);
