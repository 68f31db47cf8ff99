/** A few lines of a person's words, with their label; what is missing is said below. */
import { useId } from "react";
import type { ComponentProps } from "react";
import { REASON_LENGTH_MAX } from "@/server/contracts/limits";

interface TextAreaProps extends Omit<ComponentProps<"textarea">, "onChange" | "value"> {
  label: string;
  /** Beside the label, quieter: whether it must be filled. */
  note?: string;
  value: string;
  onChange(value: string): void;
  /** Asked for, and not there: the sentence that says so. */
  missing?: string | null;
}

export function TextArea({ label, note, value, onChange, missing = null, id, ...rest }: TextAreaProps) {
  const made = useId();
  const own = id ?? made;
  return (
    <div>
      <label className="block">
        <span className="text-xs font-medium text-text-2">
          {label} {note !== undefined && <span className="font-normal text-text-3">{note}</span>}
        </span>
        <textarea
          rows={2}
          maxLength={REASON_LENGTH_MAX}
          {...rest}
          id={own}
          value={value}
          aria-invalid={missing !== null || undefined}
          aria-describedby={missing === null ? undefined : `${own}-missing`}
          onChange={(event) => onChange(event.target.value)}
          className="mt-1 block w-full resize-none rounded-md border border-line-strong bg-surface px-3 py-2 text-sm placeholder:text-text-3 aria-invalid:border-danger"
        />
      </label>
      {missing !== null && (
        <p id={`${own}-missing`} role="alert" className="mt-1 text-xs text-danger">
          {missing}
        </p>
      )}
    </div>
  );
}
