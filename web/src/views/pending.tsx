/** Invitations by e-mail that wait for an answer: sent again, or taken back. */
import { type FormEvent, type ReactElement, useEffect, useState } from "react";
import { Button } from "../design/button";
import { Dialog } from "../design/dialog";
import { Field } from "../design/field";
import { ActionMenu } from "../design/menu";
import { Badge, Note } from "../design/notes";
import type { HomeModel } from "../view-models/home";
import { addressOf, PendingModel } from "../view-models/pending";
import type { PendingInvitation } from "../view-models/types";
import { useObservable, useWords } from "./hooks";

interface AgainProps {
  readonly model: PendingModel;
  readonly pending: PendingInvitation;
  readonly onClose: () => void;
}

/** Where this device does not know the address: the room shows only its beginning. */
function AgainDialog({ model, pending, onClose }: AgainProps): ReactElement {
  const { t } = useWords();
  const [written, setWritten] = useState("");
  const [isOther, setIsOther] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const address = addressOf(pending, written);
    if (address === "") return setIsOther(true);
    void model.sendAgain(pending, address);
    onClose();
  };
  return (
    <Dialog title={t("pending.againTitle")} closeLabel={t("common.close")} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <p>{t("pending.againBody")}</p>
        {isOther && <Note tone="error">{t("pending.other", { address: pending.shown })}</Note>}
        <Field
          label={t("pending.address")}
          hint={pending.shown}
          type="email"
          autoFocus
          invalid={isOther}
          value={written}
          onText={setWritten}
        />
        <div className="actions">
          <Button look="secondary" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button type="submit">{t("pending.send")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

interface RowProps {
  readonly model: PendingModel;
  readonly pending: PendingInvitation;
  readonly onAgain: () => void;
}

function Row({ model, pending, onAgain }: RowProps): ReactElement {
  const { t } = useWords();
  const address = pending.address || pending.shown;
  const again = (): void => {
    if (pending.address === "") onAgain();
    else void model.sendAgain(pending, pending.address);
  };
  return (
    <li className="member" data-testid="pending">
      <span className="member-text">
        <span>{address}</span>
        <span className="hint">{pending.isMine ? t("pending.mine") : t("pending.by", { name: pending.by.name })}</span>
      </span>
      {pending.isExpired && <Badge tone="warning">{t("pending.expired")}</Badge>}
      <ActionMenu
        icon="more"
        size="small"
        label={t("pending.more", { address })}
        actions={[
          { id: "again", label: t("pending.again", { address }), icon: "send", run: again },
          { id: "cancel", label: t("pending.cancel", { address }), icon: "close", run: () => void model.takeBack(pending) },
        ]}
      />
    </li>
  );
}

export function PendingInvitations({ home, roomId }: { readonly home: HomeModel; readonly roomId: string }): ReactElement | null {
  const { t, say } = useWords();
  const [model] = useState(() => new PendingModel(home.account, roomId));
  const [again, setAgain] = useState<PendingInvitation | null>(null);
  const { pending, error, notice } = useObservable(model.state);
  useEffect(() => model.watch(), [model]);
  if (pending.length === 0 && error === null && notice === null) return null;
  return (
    <section className="members">
      <h3>{t("pending.title")}</h3>
      {error !== null && <Note tone="error">{say(error)}</Note>}
      {notice !== null && <Note tone="success">{say(notice)}</Note>}
      <ul>
        {pending.map((each) => (
          <Row key={each.token} model={model} pending={each} onAgain={() => setAgain(each)} />
        ))}
      </ul>
      {again !== null && <AgainDialog model={model} pending={again} onClose={() => setAgain(null)} />}
    </section>
  );
}
