import type { ReactElement, ReactNode } from "react";
import { Icon, type IconName } from "./icons";

type Tone = "error" | "warning" | "success" | "info";
const ICONS: Record<Tone, IconName> = { error: "warning", warning: "warning", success: "check", info: "info" };

/** Errors interrupt a screen reader; other notes wait for their turn. */
export function Note({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }): ReactElement {
  return (
    <div className="note" data-tone={tone} role={tone === "error" ? "alert" : "status"}>
      <Icon name={ICONS[tone]} />
      <div>{children}</div>
    </div>
  );
}

interface BadgeProps {
  readonly tone?: "warning" | "accent" | "success";
  readonly icon?: IconName;
  readonly children: ReactNode;
}

export function Badge({ tone, icon, children }: BadgeProps): ReactElement {
  return (
    <span className="badge" data-tone={tone}>
      {icon !== undefined && <Icon name={icon} size="small" />}
      {children}
    </span>
  );
}

interface EmptyProps {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ReactNode;
}

export function Empty({ icon, title, children }: EmptyProps): ReactElement {
  return (
    <div className="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Loading({ label }: { readonly label: string }): ReactElement {
  return (
    <div className="empty" role="status">
      <span className="spinner" aria-hidden="true" />
      <span>{label}</span>
    </div>
  );
}
