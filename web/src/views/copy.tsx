import { type ReactElement, useState } from "react";
import { Button } from "../design/button";
import { Icon } from "../design/icons";
import { useWords } from "./hooks";

/** Copies a text, and says that it did. */
export function CopyButton({ text, label }: { readonly text: string; readonly label: string }): ReactElement {
  const { t } = useWords();
  const [copied, setCopied] = useState(false);
  const copy = (): void => void navigator.clipboard.writeText(text).then(() => setCopied(true), () => undefined);
  return (
    <Button look="secondary" size="small" onClick={copy}>
      <Icon name={copied ? "check" : "copy"} size="small" />
      <span role="status">{copied ? t("common.copied") : label}</span>
    </Button>
  );
}
