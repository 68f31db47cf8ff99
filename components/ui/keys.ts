/** Whether a key that was pressed is the page's to hear: nobody types, no dialog is open, and no other program's keys are held. */
export function isForThePage(event: KeyboardEvent): boolean {
  return !event.defaultPrevented && !event.metaKey && !event.ctrlKey && !event.altKey && !isTyping(event.target) && document.querySelector("[role=dialog]") === null;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest("[role=dialog], [role=menu]") !== null);
}
