// Recognises drags, pinches and swipes on an element, until the signal aborts.
export function gestures(element, { move, pinch, sweep }, signal) {
  const fingers = new Map();
  const apart = ([one, other]) => Math.hypot(one.x - other.x, one.y - other.y);
  let began;
  let dragged = false;

  const hear = (name, act) => element.addEventListener(name, act, { signal });
  hear("pointerdown", (event) => {
    if (event.button) return;
    element.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    began = fingers.size === 1 && { x: event.clientX, y: event.clientY };
    dragged = false;
  });
  hear("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const spread = fingers.size === 2 && apart([...fingers.values()]);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (!spread) return void move(event.clientX - before.x, event.clientY - before.y);
    const [one, other] = fingers.values();
    pinch(apart([one, other]) / spread, { clientX: (one.x + other.x) / 2, clientY: (one.y + other.y) / 2 });
  });
  hear("pointerup", (event) => {
    if (!fingers.delete(event.pointerId)) return;
    const [across, down] = began ? [event.clientX - began.x, event.clientY - began.y] : [0, 0];
    dragged = !began || Math.hypot(across, down) > 4;
    if (event.pointerType !== "mouse" && Math.abs(across) > Math.max(60, 2 * Math.abs(down))) sweep(-across);
  });
  hear("pointercancel", (event) => fingers.delete(event.pointerId));
  // The end of a drag is no press.
  hear("click", (event) => dragged && event.stopPropagation());
}
