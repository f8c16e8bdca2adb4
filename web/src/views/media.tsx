import { type ReactElement, useEffect, useState } from "react";
import { Icon } from "../design/icons";
import { saveFile } from "../platform/files";
import type { ConversationModel } from "../view-models/conversation";
import type { MediaInfo } from "../view-models/types";
import { useWords } from "./hooks";

interface MediaProps {
  readonly media: MediaInfo;
  readonly conversation: ConversationModel;
}

const MAX_WIDTH = 360;
const MAX_HEIGHT = 320;

/** The room a picture will take, kept before it comes so that nothing jumps. */
function frameOf(media: MediaInfo): { width: number; height: number } {
  if (media.width === 0 || media.height === 0) return { width: 260, height: 180 };
  const scale = Math.min(1, MAX_WIDTH / media.width, MAX_HEIGHT / media.height);
  return { width: Math.round(media.width * scale), height: Math.round(media.height * scale) };
}

function useDownload({ media, conversation }: MediaProps): { save: () => void; state: "idle" | "busy" | "failed" } {
  const [state, setState] = useState<"idle" | "busy" | "failed">("idle");
  const save = async (): Promise<void> => {
    setState("busy");
    try {
      saveFile(await conversation.openFile(media), media.name || "fichier");
      setState("idle");
    } catch {
      setState("failed");
    }
  };
  return { save: () => void save(), state };
}

function FileView(props: MediaProps): ReactElement {
  const { t, size } = useWords();
  const { save, state } = useDownload(props);
  const { media } = props;
  const [before, after] = t("message.download", { name: "|" }).split("|");
  return (
    <div className="file">
      <button type="button" onClick={save}>
        {state === "busy" ? <span className="spinner" aria-hidden="true" /> : <Icon name="file" />}
        <span className="file-text">
          <span>
            <span className="hidden">{before}</span>
            <span className="file-name">{media.name}</span>
            <span className="hidden">{after}</span>
          </span>
          {media.size > 0 && <span className="hint">{size(media.size)}</span>}
        </span>
      </button>
      {state === "failed" && <p role="alert">{t("message.fileError")}</p>}
    </div>
  );
}

function useImage({ media, conversation }: MediaProps): { url: string; failed: boolean } {
  const [image, setImage] = useState({ url: "", failed: false });
  useEffect(() => {
    let url = "";
    let gone = false;
    conversation.openFile(media).then(
      (blob) => {
        if (gone) return;
        url = URL.createObjectURL(blob);
        setImage({ url, failed: false });
      },
      () => setImage({ url: "", failed: true }),
    );
    return () => {
      gone = true;
      if (url !== "") URL.revokeObjectURL(url);
    };
    // The same file has the same address: a new object of the same content is not a new picture.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [media.mxc, conversation]);
  return image;
}

function ImageView(props: MediaProps): ReactElement {
  const { t } = useWords();
  const { url, failed } = useImage(props);
  const { save } = useDownload(props);
  const { media } = props;
  if (failed) return <FileView {...props} />;
  return (
    <button
      type="button"
      className="image"
      style={frameOf(media)}
      onClick={save}
      aria-label={t("message.download", { name: media.name })}
    >
      {url === "" ? (
        <span className="spinner" aria-hidden="true" />
      ) : (
        <img src={url} alt={t("message.image", { name: media.name })} />
      )}
    </button>
  );
}

export function MediaView({ kind, ...props }: MediaProps & { readonly kind: string }): ReactElement {
  return kind === "image" ? <ImageView {...props} /> : <FileView {...props} />;
}
