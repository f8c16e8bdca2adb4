import { type InputHTMLAttributes, type ReactElement, type ReactNode, useId, useState } from "react";
import { Icon, type IconName } from "./icons";
import { IconButton } from "./button";

interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "onChange"> {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly invalid?: boolean;
  readonly look?: "code" | "mono";
  readonly icon?: IconName;
  readonly hideLabel?: boolean;
  readonly testId?: string;
  readonly onText: (text: string) => void;
  /** On a password: the two names of the button that shows it. */
  readonly reveal?: { readonly show: string; readonly hide: string };
}

export function Field(props: FieldProps): ReactElement {
  const { label, hint, invalid = false, look, icon, hideLabel = false, testId, onText, reveal, type, ...rest } = props;
  const id = useId();
  const [shown, setShown] = useState(false);
  return (
    <div className="field">
      <label htmlFor={id} className={hideLabel ? "hidden" : undefined}>
        {label}
      </label>
      <div className="input-wrap">
        {icon !== undefined && <Icon name={icon} />}
        <input
          {...rest}
          id={id}
          className="input"
          type={reveal !== undefined && shown ? "text" : type}
          data-look={look}
          data-testid={testId}
          aria-invalid={invalid || undefined}
          aria-describedby={hint === undefined ? undefined : `${id}-hint`}
          onChange={(event) => onText(event.target.value)}
        />
        {reveal !== undefined && (
          <IconButton icon="eye" label={shown ? reveal.hide : reveal.show} onClick={() => setShown(!shown)} />
        )}
      </div>
      {hint !== undefined && (
        <div id={`${id}-hint`} className="hint">
          {hint}
        </div>
      )}
    </div>
  );
}

interface LongFieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  readonly maxLength: number;
  readonly testId?: string;
  readonly onText: (text: string) => void;
}

/** Several lines of free text. */
export function LongField({ label, hint, value, maxLength, testId, onText }: LongFieldProps): ReactElement {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        className="input"
        rows={4}
        maxLength={maxLength}
        value={value}
        data-testid={testId}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onText(event.target.value)}
      />
      {hint !== undefined && (
        <div id={`${id}-hint`} className="hint">
          {hint}
        </div>
      )}
    </div>
  );
}

interface SelectFieldProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly testId?: string;
  readonly onChoose: (value: string) => void;
}

/** One of a short list. */
export function SelectField({ label, value, options, testId, onChoose }: SelectFieldProps): ReactElement {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} className="input" value={value} data-testid={testId} onChange={({ target }) => onChoose(target.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}

interface CheckProps {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly children: ReactNode;
  readonly testId?: string;
}

export function Check({ checked, onChange, children, testId }: CheckProps): ReactElement {
  return (
    <label className="check">
      <input
        type="checkbox"
        checked={checked}
        data-testid={testId}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>{children}</span>
    </label>
  );
}

interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly hint?: string;
}

interface ChoicesProps<T extends string> {
  readonly legend: string;
  readonly value: T;
  readonly options: readonly Choice<T>[];
  readonly onChange: (value: T) => void;
}

export function Choices<T extends string>({ legend, value, options, onChange }: ChoicesProps<T>): ReactElement {
  const name = useId();
  return (
    <fieldset className="choices">
      <legend>{legend}</legend>
      {options.map((option) => (
        <label key={option.value} className="choice">
          <input
            type="radio"
            name={name}
            checked={value === option.value}
            onChange={() => onChange(option.value)}
          />
          <span>
            <strong>{option.label}</strong>
            {option.hint !== undefined && <span className="hint">{option.hint}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
