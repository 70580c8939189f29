// The composer's text field: grows with its text, sends on Enter, and has keys for WhatsApp's formatting.
/** Ctrl or Command with these, Shift where it says so: what stands around the chosen words. */
const MARKS = { b: "*", i: "_", "shift+x": "~", "shift+m": "```" };

function grow(field) {
  if (CSS.supports("field-sizing", "content")) return;
  field.style.blockSize = "auto";
  field.style.blockSize = `${field.scrollHeight}px`;
}

function mark(field, sign) {
  const [start, end] = [field.selectionStart, field.selectionEnd];
  const chosen = field.value.slice(start, end);
  const marked = chosen.length > 2 * sign.length && chosen.startsWith(sign) && chosen.endsWith(sign);
  const words = marked ? chosen.slice(sign.length, -sign.length) : sign + chosen + sign;
  field.setRangeText(words, start, end, "select");
  if (!chosen) field.setSelectionRange(start + sign.length, start + sign.length);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function key(event) {
  const field = event.target.closest?.("[data-words]");
  if (!field) return;
  if (event.key === "Enter") {
    // An input method takes Enter for its own; a keyboard on glass has no Shift+Enter, so there it breaks.
    if (event.isComposing || event.keyCode === 229 || event.shiftKey || event.altKey) return;
    if (matchMedia("(pointer: coarse)").matches && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    return field.form.requestSubmit();
  }
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const sign = MARKS[(event.shiftKey ? "shift+" : "") + event.key.toLowerCase()];
  if (!sign) return;
  event.preventDefault();
  mark(field, sign);
}

document.addEventListener("keydown", key);
for (const name of ["input", "inbox:resize"]) {
  document.addEventListener(name, ({ target }) => target.matches?.("[data-words]") && grow(target));
}
