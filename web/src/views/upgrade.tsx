/** A room that was replaced, and replacing one. */
import { type ReactElement, useState } from "react";
import { Button } from "../design/button";
import { Dialog } from "../design/dialog";
import { Icon } from "../design/icons";
import { Note } from "../design/notes";
import type { ConversationModel } from "../view-models/conversation";
import type { HomeModel } from "../view-models/home";
import type { RoomSummary } from "../view-models/types";
import { UpgradeModel } from "../view-models/upgrade";
import { useObservable, useWords } from "./hooks";

interface RoomProps {
  readonly home: HomeModel;
  readonly room: RoomSummary;
}

/** In place of the composer: nobody writes here any more. */
export function Replaced({ home, room, conversation }: RoomProps & { conversation: ConversationModel }): ReactElement {
  const { t, say } = useWords();
  const refused = useObservable(home.state).error;
  const error = useObservable(conversation.state).error ?? refused;
  const [busy, setBusy] = useState(false);
  const go = (): void => {
    setBusy(true);
    void home.goToSuccessor(room.id).finally(() => setBusy(false));
  };
  return (
    <section className="composer-closed" aria-label={t("replaced.title")} data-testid="replaced">
      {error !== null && <Note tone="error">{say(error)}</Note>}
      <p>{t("replaced.body")}</p>
      <Button size="small" busy={busy} onClick={go}>
        {t("replaced.go")}
      </Button>
    </section>
  );
}

/** At the beginning of the new room: where what was said before can still be read. */
export function Before({ home, room }: RoomProps): ReactElement | null {
  const { t } = useWords();
  const { predecessor } = room;
  if (predecessor === null) return null;
  return (
    <Button look="quiet" size="small" onClick={() => home.openRoom(predecessor)}>
      {t("replaced.before")}
    </Button>
  );
}

interface DialogProps {
  readonly model: UpgradeModel;
  readonly onClose: () => void;
}

function UpgradeDialog({ model, onClose }: DialogProps): ReactElement {
  const { t, say, count } = useWords();
  const { busy, error, done } = useObservable(model.state);
  return (
    <Dialog title={t("upgrade.title")} closeLabel={t("common.close")} onClose={onClose} role="alertdialog">
      {error !== null && <Note tone="error">{say(error)}</Note>}
      {done === null ? (
        <>
          <p>{t("upgrade.body")}</p>
          <div className="actions">
            <Button look="secondary" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button busy={busy} onClick={() => void model.upgrade()}>
              {t("upgrade.confirm")}
            </Button>
          </div>
        </>
      ) : (
        <>
          <Note tone="warning">{count("upgrade.missed", done.missed)}</Note>
          <div className="actions">
            <Button onClick={model.leaveTo}>{t("replaced.go")}</Button>
          </div>
        </>
      )}
    </Dialog>
  );
}

/** Shown only to who may replace the room, and only when it is of an old version. */
export function UpgradeOffer({ home, room }: RoomProps): ReactElement | null {
  const { t } = useWords();
  const [model] = useState(() => new UpgradeModel(home.account, room.id, home.openRoom));
  const [asking, setAsking] = useState(false);
  const { version } = useObservable(model.state);
  if (version === null && !asking) return null;
  return (
    <section className="upgrade" data-testid="upgrade">
      <h3>
        <Icon name="info" size="small" />
        {t("upgrade.old")}
      </h3>
      <p className="hint">{t("upgrade.hint")}</p>
      <Button look="secondary" size="small" onClick={() => setAsking(true)}>
        {t("upgrade.offer")}
      </Button>
      {asking && <UpgradeDialog model={model} onClose={() => setAsking(false)} />}
    </section>
  );
}
