"use client";
/** Whether somebody points at a list or has the focus in it: then nothing in it moves. */
import { useEffect, useRef, useState } from "react";
import type { FocusEvent, PointerEvent } from "react";

export function useHold() {
  const list = useRef<HTMLElement | null>(null);
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const held = pointed || focused;
  useEffect(() => {
    if (!held) return;
    // An element that is removed under the pointer, or with the focus, tells nobody that it was left.
    const look = () => {
      if (!list.current?.matches(":hover")) setPointed(false);
      if (!list.current?.contains(document.activeElement)) setFocused(false);
    };
    document.addEventListener("pointerover", look);
    document.addEventListener("focusin", look);
    return () => {
      document.removeEventListener("pointerover", look);
      document.removeEventListener("focusin", look);
    };
  }, [held]);
  return {
    held,
    handlers: {
      onPointerEnter: (event: PointerEvent<HTMLElement>) => {
        list.current = event.currentTarget;
        setPointed(true);
      },
      onPointerLeave: () => setPointed(false),
      onFocus: (event: FocusEvent<HTMLElement>) => {
        list.current = event.currentTarget;
        setFocused(true);
      },
      onBlur: (event: FocusEvent<HTMLElement>) => {
        if (!event.currentTarget.contains(event.relatedTarget)) setFocused(false);
      },
    },
  };
}
