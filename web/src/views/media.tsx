import { type ReactElement, useEffect, useState } from "react";
import { Button } from "../design/button";
import { Icon } from "../design/icons";
import { saveFile } from "../platform/files";
import type { ConversationModel } from "../view-models/conversation";
import { type FileProblem, problemOf } from "../view-models/files";
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

interface Download {
  readonly save: () => void;
  readonly busy: boolean;
  readonly problem: FileProblem | null;
}

function useDownload({ media, conversation }: MediaProps, before: FileProblem | null = null): Download {
  const [state, setState] = useState({ busy: false, problem: before });
  const save = async (): Promise<void> => {
    setState({ busy: true, problem: null });
    try {
      saveFile(await conversation.openFile(media), media.name || "fichier");
      setState({ busy: false, problem: null });
    } catch (error) {
      setState({ busy: false, problem: problemOf(error) });
    }
  };
  return { save: () => void save(), ...state };
}

function Problem({ problem, retry }: { readonly problem: FileProblem; readonly retry: () => void }): ReactElement {
  const { t, say } = useWords();
  return (
    <div role="alert">
      <p>{say(problem.phrase)}</p>
      {problem.canRetry && (
        <Button look="quiet" size="small" onClick={retry}>
          {t("unreadable.retry")}
        </Button>
      )}
    </div>
  );
}

interface FileViewProps extends MediaProps {
  /** A picture that did not come, and how to try again to show it. */
  readonly failed?: { readonly problem: FileProblem; readonly retry: () => void };
}

function FileView({ failed, ...props }: FileViewProps): ReactElement {
  const { t, size } = useWords();
  const { save, busy, problem } = useDownload(props, failed?.problem);
  const { media } = props;
  const [before, after] = t("message.download", { name: "|" }).split("|");
  return (
    <div className="file">
      <button type="button" onClick={save} disabled={problem?.canRetry === false}>
        {busy ? <span className="spinner" aria-hidden="true" /> : <Icon name="file" />}
        <span className="file-text">
          <span>
            <span className="hidden">{before}</span>
            <span className="file-name">{media.name}</span>
            <span className="hidden">{after}</span>
          </span>
          {busy && <span className="hint">{t("file.opening")}</span>}
          {!busy && media.size > 0 && <span className="hint">{size(media.size)}</span>}
        </span>
      </button>
      {problem !== null && <Problem problem={problem} retry={failed?.retry ?? save} />}
    </div>
  );
}

interface Shown {
  readonly url: string;
  readonly problem: FileProblem | null;
}

function useImage({ media, conversation }: MediaProps): Shown & { readonly retry: () => void } {
  const [image, setImage] = useState<Shown>({ url: "", problem: null });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let url = "";
    let gone = false;
    conversation.openFile(media).then(
      (blob) => {
        if (gone) return;
        url = URL.createObjectURL(blob);
        setImage({ url, problem: null });
      },
      (error: unknown) => {
        if (!gone) setImage({ url: "", problem: problemOf(error) });
      },
    );
    return () => {
      gone = true;
      if (url !== "") URL.revokeObjectURL(url);
    };
    // The same file has the same address: a new object of the same content is not a new picture.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [media.mxc, conversation, attempt]);
  const retry = (): void => {
    setImage({ url: "", problem: null });
    setAttempt(attempt + 1);
  };
  return { ...image, retry };
}

function ImageView(props: MediaProps): ReactElement {
  const { t } = useWords();
  const { url, problem, retry } = useImage(props);
  const { save } = useDownload(props);
  const { media } = props;
  if (problem !== null) return <FileView {...props} failed={{ problem, retry }} />;
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
