import type { ButtonHTMLAttributes, ReactElement, ReactNode } from "react";
import { Icon, type IconName } from "./icons";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: "primary" | "secondary" | "quiet" | "danger";
  readonly size?: "small";
  readonly wide?: boolean;
  readonly busy?: boolean;
  readonly children: ReactNode;
}

/** A busy button stays in the tab order, so that focus is never lost; it just does nothing. */
export function Button(props: ButtonProps): ReactElement {
  const { look = "primary", size, wide = false, busy = false, children, onClick, type = "button", ...rest } = props;
  return (
    <button
      {...rest}
      type={type}
      className="button"
      data-look={look}
      data-size={size}
      data-wide={wide ? "" : undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy && <span className="spinner" aria-hidden="true" />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "children"> {
  readonly icon: IconName;
  readonly label: string;
  readonly size?: "small";
}

export function IconButton(props: IconButtonProps): ReactElement {
  const { icon, label, size, type = "button", className = "icon-button", ...rest } = props;
  return (
    <button {...rest} type={type} className={className} data-size={size} aria-label={label} title={label}>
      <Icon name={icon} />
    </button>
  );
}
