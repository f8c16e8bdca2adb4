import type { ReactElement } from "react";
import { Button, Menu as AriaMenu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { Icon, type IconName } from "./icons";

export interface Action {
  readonly id: string;
  readonly label: string;
  readonly icon: IconName;
  readonly danger?: boolean;
  readonly run: () => void;
}

interface MenuProps {
  readonly label: string;
  readonly icon: IconName;
  readonly actions: readonly Action[];
  readonly size?: "small";
  /** Short texts side by side, without icons. */
  readonly row?: boolean;
  readonly testId?: string;
}

export function ActionMenu({ label, icon, actions, size, row = false, testId }: MenuProps): ReactElement {
  return (
    <MenuTrigger>
      <Button className="icon-button" data-size={size} aria-label={label} data-testid={testId}>
        <Icon name={icon} />
      </Button>
      <Popover placement="bottom end">
        <AriaMenu className="menu" data-row={row ? "" : undefined} aria-label={label} onAction={(id) => actions.find((action) => action.id === id)?.run()}>
          {actions.map((action) => (
            <MenuItem
              key={action.id}
              id={action.id}
              className="menu-item"
              textValue={action.label}
              aria-label={action.label}
              data-danger={action.danger === true ? "" : undefined}
            >
              {row ? <span aria-hidden="true">{action.id}</span> : <Icon name={action.icon} />}
              {!row && action.label}
            </MenuItem>
          ))}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}
