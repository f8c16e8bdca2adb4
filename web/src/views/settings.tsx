import { type FormEvent, type ReactElement, useState } from "react";
import { Button } from "../design/button";
import { Dialog } from "../design/dialog";
import { Check, Choices, Field } from "../design/field";
import { Icon } from "../design/icons";
import { Badge, Loading, Note } from "../design/notes";
import type { HomeModel } from "../view-models/home";
import type { NotificationsModel } from "../view-models/notifications";
import type { SettingsModel, SettingsState } from "../view-models/settings";
import type { Device } from "../view-models/types";
import { Confirmation } from "./confirmation";
import { MyGuests } from "./guests";
import { useObservable, useSurface, useWords } from "./hooks";
import { PaneHead } from "./pane-head";
import { RedList } from "./red-list";
import { NewPassword } from "./sign-up";
import { Sponsors } from "./sponsors";

interface Props {
  readonly settings: SettingsModel;
  readonly state: SettingsState;
}

function Account({ settings, state }: Props): ReactElement {
  const { t } = useWords();
  const { me } = state;
  return (
    <section>
      <h2>{t("settings.account")}</h2>
      <dl>
        <dt>{t("settings.name")}</dt>
        <dd>
          {me?.name ?? ""}
          {me !== null && me.administration !== "" && ` — ${me.administration}`}
        </dd>
      </dl>
      <p className="hint">{t("settings.nameHint")}</p>
      <p>
        <a href={settings.manageUrl} target="_blank" rel="noreferrer">
          {t("settings.manage")}
        </a>
      </p>
      <p className="hint">{t("settings.manageHint")}</p>
    </section>
  );
}

function Appearance(): ReactElement {
  const { words, setLanguage, theme, setTheme } = useSurface();
  const { t } = words;
  const languages = [
    { value: "fr", label: "Français" },
    { value: "en", label: "English" },
  ] as const;
  const themes = (["auto", "light", "dark"] as const).map((value) => ({ value, label: t(`settings.theme.${value}`) }));
  return (
    <section className="two">
      <Choices legend={t("settings.language")} value={words.language} options={languages} onChange={setLanguage} />
      <Choices legend={t("settings.theme")} value={theme} options={themes} onChange={setTheme} />
    </section>
  );
}

function RemoveDialog({ settings, state, device, onClose }: Props & { device: Device; onClose: () => void }): ReactElement {
  const { t, say } = useWords();
  const [password, setPassword] = useState("");
  const name = device.name || t("settings.devices.unnamed");
  const close = (): void => {
    settings.confirmation.cancel();
    onClose();
  };
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (await settings.removeDevice(device, password)) onClose();
  };
  return (
    <Dialog
      title={t("settings.devices.removeTitle", { name })}
      closeLabel={t("common.close")}
      role="alertdialog"
      onClose={close}
    >
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <p>{t("settings.devices.removeBody")}</p>
        {state.error !== null && <Note tone="error">{say(state.error)}</Note>}
        <Field
          label={t("settings.password.current")}
          hint={t("confirmation.noPassword")}
          type="password"
          autoComplete="current-password"
          value={password}
          onText={setPassword}
        />
        <Confirmation model={settings.confirmation} />
        <div className="actions">
          <Button look="secondary" onClick={close}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" look="danger" busy={state.busy}>
            {t("settings.devices.remove")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function DeviceRow({ device, onRemove }: { readonly device: Device; readonly onRemove: () => void }): ReactElement {
  const { t, date } = useWords();
  return (
    <li className="member" data-testid="device">
      <Icon name="device" />
      <span className="member-text">
        <span>{device.name || t("settings.devices.unnamed")}</span>
        <span className="hint">
          {device.current
            ? t("settings.devices.current")
            : device.lastSeen > 0 && t("settings.devices.seen", { date: date(device.lastSeen) })}
        </span>
      </span>
      <Badge tone={device.verified ? "success" : "warning"}>
        {t(device.verified ? "settings.devices.verified" : "settings.devices.unverified")}
      </Badge>
      {!device.current && (
        <Button look="quiet" size="small" onClick={onRemove}>
          {t("settings.devices.remove")}
        </Button>
      )}
    </li>
  );
}

function Devices({ settings, state }: Props): ReactElement {
  const { t } = useWords();
  const [removing, setRemoving] = useState<Device | null>(null);
  return (
    <section>
      <h2>{t("settings.devices")}</h2>
      {state.devices === null && <Loading label={t("common.loading")} />}
      <ul>
        {state.devices?.map((device) => (
          <DeviceRow key={device.id} device={device} onRemove={() => setRemoving(device)} />
        ))}
      </ul>
      {!state.verified && <Button onClick={settings.verify}>{t("unlock.bannerAction")}</Button>}
      {removing !== null && (
        <RemoveDialog settings={settings} state={state} device={removing} onClose={() => setRemoving(null)} />
      )}
    </section>
  );
}

function Recovery({ settings, state }: Props): ReactElement {
  const { t, date } = useWords();
  const { code } = state;
  const dated =
    code === null
      ? t("settings.recovery.none")
      : t("settings.recovery.dated", { number: code.number, date: date(code.createdTime) });
  return (
    <section>
      <h2>{t("settings.recovery")}</h2>
      <p>{dated}</p>
      {state.verified && (
        <>
          <p className="hint">{t("settings.recovery.renewBody")}</p>
          <Button look="secondary" busy={state.busy} onClick={() => void settings.renewCode()}>
            {t("settings.recovery.renew")}
          </Button>
        </>
      )}
    </section>
  );
}

function Password({ settings, state }: Props): ReactElement {
  const { t } = useWords();
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [out, setOut] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (!(await settings.changePassword(old, fresh, out))) return;
    setOld("");
    setFresh("");
  };
  const none = { minimumLength: 0, digit: false, symbol: false, lowercase: false, uppercase: false };
  return (
    <section>
      <h2>{t("settings.password")}</h2>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <Field
          label={t("settings.password.current")}
          type="password"
          autoComplete="current-password"
          value={old}
          onText={setOld}
        />
        <NewPassword
          policy={state.policy ?? none}
          password={fresh}
          onPassword={setFresh}
          label={t("settings.password.new")}
        />
        <Check checked={out} onChange={setOut}>
          {t("settings.password.out")}
        </Check>
        <Button type="submit" look="secondary" busy={state.busy}>
          {t("settings.password.save")}
        </Button>
      </form>
    </section>
  );
}

function SignOut({ settings, state }: Props): ReactElement {
  const { t } = useWords();
  const [asking, setAsking] = useState(false);
  const close = (): void => setAsking(false);
  return (
    <section>
      <Button look="secondary" onClick={() => setAsking(true)}>
        {t("settings.signOut")}
      </Button>
      {asking && (
        <Dialog title={t("settings.signOutTitle")} closeLabel={t("common.close")} onClose={close} role="alertdialog">
          <p>{t("settings.signOutBody")}</p>
          {state.backupPending && <Note tone="warning">{t("settings.signOutPending")}</Note>}
          {!state.verified && <Note tone="warning">{t("settings.signOutUnverified")}</Note>}
          <div className="actions">
            <Button look="secondary" onClick={close}>
              {t("common.cancel")}
            </Button>
            <Button look="danger" onClick={() => void settings.signOut()}>
              {t("settings.signOut")}
            </Button>
          </div>
        </Dialog>
      )}
    </section>
  );
}

function Notifications({ model }: { readonly model: NotificationsModel }): ReactElement {
  const { t, say } = useWords();
  const { mode, busy, error, notice } = useObservable(model.state);
  const isOn = mode === "push" || mode === "page";
  return (
    <section data-testid="notifications" data-mode={mode}>
      <h2>{t("notifications.title")}</h2>
      <p>{t(`notifications.mode.${mode}`)}</p>
      <p className="hint">{t("notifications.private")}</p>
      {error !== null && <Note tone="error">{say(error)}</Note>}
      {notice !== null && <Note tone="success">{say(notice)}</Note>}
      {mode === "off" && (
        <Button look="secondary" busy={busy} onClick={() => void model.turnOn()}>
          {t("notifications.turnOn")}
        </Button>
      )}
      {isOn && (
        <div className="actions">
          <Button look="secondary" busy={busy} onClick={() => void model.test()}>
            {t("notifications.test")}
          </Button>
          <Button look="quiet" busy={busy} onClick={() => void model.turnOff()}>
            {t("notifications.turnOff")}
          </Button>
        </div>
      )}
    </section>
  );
}

interface PaneProps {
  readonly home: HomeModel;
  readonly settings: SettingsModel;
}

export function SettingsPane({ home, settings }: PaneProps): ReactElement {
  const state = useObservable(settings.state);
  const { t, say } = useWords();
  return (
    <div className="page">
      <PaneHead home={home} title={t("settings.title")} />
      <div className="page-body settings">
        {state.error !== null && <Note tone="error">{say(state.error)}</Note>}
        {state.notice !== null && <Note tone="success">{say(state.notice)}</Note>}
        <Account settings={settings} state={state} />
        {/* Guests from outside are never in the directory. */}
        {!home.isGuest && <RedList settings={settings} hidden={state.hidden} />}
        {home.isGuest ? <Sponsors home={home} /> : <MyGuests home={home} />}
        <Appearance />
        <Notifications model={home.notifications} />
        <Devices settings={settings} state={state} />
        <Recovery settings={settings} state={state} />
        <Password settings={settings} state={state} />
        <SignOut settings={settings} state={state} />
      </div>
    </div>
  );
}
