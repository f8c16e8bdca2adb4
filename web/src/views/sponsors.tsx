import { type ReactElement, useEffect, useState } from "react";
import { SponsorsModel } from "../view-models/guests";
import type { HomeModel } from "../view-models/home";
import { useObservable, useWords } from "./hooks";

/** To a guest from outside: who vouches for her, and until when. Nothing for a guest of before there were sponsors. */
export function Sponsors({ home }: { readonly home: HomeModel }): ReactElement | null {
  const { t, date } = useWords();
  const [model] = useState(() => new SponsorsModel(home.account));
  const { sponsors } = useObservable(model.state);
  useEffect(() => void model.load(), [model]);
  if (sponsors.length === 0) return null;
  return (
    <section className="sponsors" data-testid="sponsors">
      <h2>{t("sponsors.title")}</h2>
      <ul>
        {sponsors.map(({ person, endTime }) => (
          <li key={person.id}>
            {t("sponsors.line", { name: person.name, date: date(endTime) })}
            {person.administration !== "" && <span className="hint"> {person.administration}</span>}
          </li>
        ))}
      </ul>
      <p className="hint">{t("sponsors.hint")}</p>
    </section>
  );
}
