import type { ReactElement } from "react";
import { Button } from "../design/button";
import { Note } from "../design/notes";
import type { Phrase } from "../i18n/keys";
import type { ExpiredModel } from "../view-models/expired";
import { Title } from "./auth-parts";
import { Gate } from "./gate";
import { useObservable, useSurface, useWords } from "./hooks";

interface ExpiredProps {
  readonly expired: ExpiredModel;
}

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

/** In place of the mail, once the server said that none is sent. */
function Decided({ decided }: { readonly decided: Phrase }): ReactElement {
  const { t, say } = useWords();
  return (
    <>
      <Note tone="info">{say(decided)}</Note>
      <p>{t("expired.guestRooms")}</p>
    </>
  );
}

function AskForMail({ expired }: ExpiredProps): ReactElement {
  const { t } = useWords();
  const { busy, sent, waiting } = useObservable(expired.state);
  return (
    <>
      {sent && <Note tone="success">{t(waiting ? "expired.sent" : "expired.sentAgain")}</Note>}
      {sent && <MailboxLink />}
      <Button
        wide
        look={sent ? "secondary" : "primary"}
        busy={busy === "mail"}
        disabled={waiting}
        onClick={() => void expired.sendMail()}
      >
        {t(sent ? "expired.sendAgain" : expired.isGuest ? "expired.guestAsk" : "expired.send")}
      </Button>
    </>
  );
}

/** Blocking: no conversation is shown behind it, and nothing of what is kept here is taken away. */
export function ExpiredScreen({ expired }: ExpiredProps): ReactElement {
  const { t, say } = useWords();
  const { busy, sent, notYet, decided, error } = useObservable(expired.state);
  const { isGuest } = expired;
  return (
    <Gate>
      <Title name="expired">{t("expired.title")}</Title>
      <p>{t(isGuest ? "expired.guestBody" : "expired.body")}</p>
      {!isGuest && <p>{t("expired.kept")}</p>}
      {error !== null && <Note tone="error">{say(error)}</Note>}
      {notYet && <Note tone="warning">{t(decided === null ? "expired.notYet" : "expired.guestNotYet")}</Note>}
      {decided === null ? <AskForMail expired={expired} /> : <Decided decided={decided} />}
      <Button
        wide
        look={sent || decided !== null ? "primary" : "secondary"}
        busy={busy === "check"}
        onClick={() => void expired.check()}
      >
        {t(isGuest && !sent ? "expired.guestCheck" : "expired.check")}
      </Button>
    </Gate>
  );
}
