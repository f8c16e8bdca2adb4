import type { ReactElement } from "react";
import { Button } from "../design/button";
import { Note } from "../design/notes";
import type { ExpiredModel } from "../view-models/expired";
import { Title } from "./auth-parts";
import { Gate } from "./gate";
import { useObservable, useSurface, useWords } from "./hooks";

function MailboxLink(): ReactElement | null {
  const { words, mailboxUrl } = useSurface();
  if (mailboxUrl === "") return null;
  return (
    <p>
      <a href={mailboxUrl} target="_blank" rel="noreferrer">
        {words.t("expired.mailbox")}
      </a>
    </p>
  );
}

/** Blocking: no conversation is shown behind it, and nothing of what is kept here is taken away. */
export function ExpiredScreen({ expired }: { readonly expired: ExpiredModel }): ReactElement {
  const { t, say } = useWords();
  const { busy, sent, waiting, notYet, error } = useObservable(expired.state);
  return (
    <Gate>
      <Title name="expired">{t("expired.title")}</Title>
      <p>{t("expired.body")}</p>
      <p>{t("expired.kept")}</p>
      {error !== null && <Note tone="error">{say(error)}</Note>}
      {sent && <Note tone="success">{t(waiting ? "expired.sent" : "expired.sentAgain")}</Note>}
      {sent && <MailboxLink />}
      {notYet && <Note tone="warning">{t("expired.notYet")}</Note>}
      <Button
        wide
        look={sent ? "secondary" : "primary"}
        busy={busy === "mail"}
        disabled={waiting}
        onClick={() => void expired.sendMail()}
      >
        {t(sent ? "expired.sendAgain" : "expired.send")}
      </Button>
      <Button
        wide
        look={sent ? "primary" : "secondary"}
        busy={busy === "check"}
        onClick={() => void expired.check()}
      >
        {t("expired.check")}
      </Button>
    </Gate>
  );
}
