/** Who can read a room, at a glance. */
import type { ReactElement } from "react";
import { Badge } from "../design/notes";
import type { RoomSummary } from "../view-models/types";
import { useWords } from "./hooks";

export function Trust({ room }: { readonly room: RoomSummary }): ReactElement {
  const { t } = useWords();
  return (
    <>
      {room.encrypted && (
        <Badge icon="lock" tone="success">
          {t("badge.encrypted")}
        </Badge>
      )}
      {room.kind === "public" && (
        <Badge icon="public" tone="accent">
          {t("badge.public")}
        </Badge>
      )}
      {!room.encrypted && room.kind !== "public" && <Badge icon="unlock">{t("badge.clear")}</Badge>}
      {room.externals && (
        <Badge icon="outside" tone="warning">
          {t(room.peer?.external === true ? "badge.external" : "badge.externals")}
        </Badge>
      )}
    </>
  );
}
