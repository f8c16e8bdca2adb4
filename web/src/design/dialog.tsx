import type { ReactElement, ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { IconButton } from "./button";

interface DialogProps {
  readonly title: string;
  readonly closeLabel: string;
  readonly onClose: () => void;
  readonly role?: "dialog" | "alertdialog";
  readonly children: ReactNode;
}

/** A window above the page: focus stays inside, Escape closes it, focus goes back where it was. */
export function Dialog({ title, closeLabel, onClose, role = "dialog", children }: DialogProps): ReactElement {
  return (
    <ModalOverlay className="veil" isOpen isDismissable={role === "dialog"} onOpenChange={(open) => !open && onClose()}>
      <Modal className="dialog">
        <AriaDialog role={role}>
          <div className="dialog-head">
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            <IconButton icon="close" label={closeLabel} onClick={onClose} />
          </div>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
