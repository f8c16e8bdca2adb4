/** Puts the rooms of the house together: configuration, the one active tab, the application, the page. */
import { type ReactElement, StrictMode, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import "./design/tokens.css";
import "./design/base.css";
import "./design/design.css";
import type { Language } from "./i18n/keys";
import { translator } from "./i18n/translate";
import { createActiveTab } from "./platform/active-tab";
import { type Config, loadConfig, mountTheme } from "./platform/config";
import { keepErrand, type Return, takeReturn } from "./platform/errand";
import { nameDevice } from "./platform/device-name";
import { createNotifier } from "./platform/notifier";
import * as preferences from "./platform/preferences";
import { AppModel } from "./view-models/app";
import { App } from "./views/app";
import { type Surface, SurfaceContext } from "./views/hooks";

const UNNOTED = "tchap.code-not-noted";

function readPath(): string {
  return window.location.hash.replace(/^#\/?/u, "");
}

function setPath(path: string): void {
  window.location.hash = path === "" ? "#/" : `#/${path}`;
}

function notificationWords() {
  const { t } = translator(preferences.readLanguage());
  return { title: t("app.name"), news: t("notifications.news"), test: t("notifications.testNote") };
}

function createApp(config: Config, returned: Return | null): AppModel {
  let kept = returned;
  const tab = createActiveTab(() => app.lose());
  const app: AppModel = new AppModel({
    isSecure: window.isSecureContext,
    entryUrl: window.location.origin,
    homeservers: config.homeservers,
    instances: config.instances,
    deviceName: nameDevice(navigator.userAgent, preferences.readLanguage() === "fr" ? "sur" : "on"),
    language: preferences.readLanguage,
    tab,
    setPath,
    readPath,
    notifying: { notifier: createNotifier(preferences.readLanguage), words: notificationWords },
    travel: {
      leave: (errand, address) => window.location.assign(address(keepErrand({ ...errand, path: readPath() }))),
      takeReturn: () => {
        const back = kept;
        kept = null;
        return back === null ? null : { loginToken: back.loginToken, email: back.errand.email };
      },
    },
    unnoted: {
      get: () => localStorage.getItem(UNNOTED) === "1",
      set: (value) => (value ? localStorage.setItem(UNNOTED, "1") : localStorage.removeItem(UNNOTED)),
    },
  });
  window.addEventListener("hashchange", () => app.pathChanged(readPath()));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") app.persist();
  });
  return app;
}

function Root({ app, config }: { readonly app: AppModel; readonly config: Config }): ReactElement {
  const [language, setLanguage] = useState<Language>(preferences.readLanguage);
  const [theme, setTheme] = useState(preferences.readTheme);
  const surface = useMemo<Surface>(
    () => ({
      words: translator(language),
      setLanguage: (chosen) => {
        preferences.saveLanguage(chosen);
        setLanguage(chosen);
      },
      theme,
      setTheme: (chosen) => {
        preferences.saveTheme(chosen);
        setTheme(chosen);
      },
      brand: { name: config.theme?.name || "Tchap", logo: config.theme?.logo ?? "" },
      requestFormUrl: config.requestFormUrl,
      mailboxUrl: config.mailbox ? "/_tchap/mailbox" : "",
      limits: config,
    }),
    [language, theme, config],
  );
  return (
    <SurfaceContext value={surface}>
      <App app={app} />
    </SurfaceContext>
  );
}

async function open(): Promise<void> {
  document.documentElement.lang = preferences.readLanguage();
  preferences.showTheme(preferences.readTheme());
  // Before anything else may read the address.
  const returned = takeReturn();
  const config = await loadConfig();
  mountTheme(config.theme);
  const app = createApp(config, returned);
  const root = document.querySelector("#root");
  if (root === null) return;
  createRoot(root).render(
    <StrictMode>
      <Root app={app} config={config} />
    </StrictMode>,
  );
  await app.start();
}

void open();
