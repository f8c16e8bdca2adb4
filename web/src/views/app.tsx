import type { ReactElement, ReactNode } from "react";
import type { AppModel } from "../view-models/app";
import { Button } from "../design/button";
import { Loading } from "../design/notes";
import { AuthScreen } from "./auth";
import { ExpiredScreen } from "./expired";
import { HomeScreen } from "./home";
import { useArrivalFocus, useObservable, useWords } from "./hooks";
import { Gate } from "./gate";
import { RecoveryScreen } from "./recovery";
import { UnlockScreen } from "./unlock";

function Stop(props: { readonly title: string; readonly body: string; readonly children?: ReactNode }): ReactElement {
  const heading = useArrivalFocus(props.title);
  return (
    <Gate>
      <h1 ref={heading} tabIndex={-1}>
        {props.title}
      </h1>
      <p>{props.body}</p>
      {props.children}
    </Gate>
  );
}

export function App({ app }: { readonly app: AppModel }): ReactElement {
  const screen = useObservable(app.screen);
  const { t, say } = useWords();
  switch (screen.name) {
    case "loading":
      return <Gate bare>{<Loading label={t("app.loading")} />}</Gate>;
    case "opening":
      return <Gate bare>{<Loading label={t("app.decrypting")} />}</Gate>;
    case "insecure":
      return <Stop title={t("app.insecure.title")} body={t("app.insecure.body")} />;
    case "other-tab":
      return (
        <Stop title={t("app.otherTab.title")} body={t("app.otherTab.body")}>
          <Button onClick={() => void app.takeOver()}>{t("app.otherTab.use")}</Button>
        </Stop>
      );
    case "broken":
      return (
        <Stop title={t("app.broken.title")} body={`${say(screen.why)} ${t("app.broken.body")}`}>
          <Button onClick={() => void app.retry()}>{t("common.retry")}</Button>
        </Stop>
      );
    case "auth":
      return <AuthScreen auth={screen.auth} />;
    case "expired":
      return <ExpiredScreen expired={screen.expired} />;
    case "recovery":
      return <RecoveryScreen code={screen.code} onNoted={app.codeNoted} />;
    case "unlock":
      return <UnlockScreen unlock={screen.unlock} />;
    case "home":
      return <HomeScreen home={screen.home} />;
  }
}
