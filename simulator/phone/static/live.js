// Keeps the page true: asks what changed, and swaps only the pieces that did, so that a playing video plays on.

const body = document.body;
const screen = document.querySelector("[data-screen]");
let asking = false;
let again = false;

const atEnd = () => Math.abs(screen.scrollTop) < 40;

// Bubbles carry an id and a version: same version, same element.
function mergeThread(old, fresh) {
  const stay = atEnd();
  let at = old.firstElementChild;
  for (const piece of [...fresh.children]) {
    const known = piece.id && document.getElementById(piece.id);
    if (known && known.dataset.version === piece.dataset.version) {
      if (known === at) at = at.nextElementSibling;
      else old.insertBefore(known, at);
    } else {
      const place = known && known === at ? at.nextElementSibling : at;
      if (known) known.remove();
      at = place;
      old.insertBefore(document.adoptNode(piece), at);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextElementSibling;
    gone.remove();
  }
  old.dataset.unopened = fresh.dataset.unopened;
  if (stay) screen.scrollTop = 0;
}

function swap(page) {
  for (const fresh of page.querySelectorAll("[data-region]")) {
    const old = document.querySelector(`[data-region="${fresh.dataset.region}"]`);
    if (!old) continue;
    if (fresh.dataset.region === "thread") mergeThread(old, fresh);
    else if (old.outerHTML !== fresh.outerHTML && !old.contains(document.activeElement)) old.replaceWith(document.adoptNode(fresh));
  }
  body.dataset.revision = page.body.dataset.revision;
}

async function open() {
  const thread = document.querySelector('[data-region="thread"]');
  if (thread.dataset.unopened !== "yes" || document.visibilityState !== "visible") return;
  thread.dataset.unopened = "no";
  await fetch("/open", { method: "POST", body: new URLSearchParams(body.dataset.chat), headers: { "X-Requested-With": "fetch" } });
}

async function ask() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const typing = document.querySelector('[data-region="title"]').dataset.typing;
    const answer = await fetch(`/live?${body.dataset.chat}&since=${body.dataset.revision}&typing=${typing}`);
    if (answer.status === 200) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
    body.classList.remove("bench--away");
    await open();
  } catch {
    body.classList.add("bench--away"); // The simulator was stopped; it is asked again.
  }
  asking = false;
  if (again) {
    again = false;
    ask();
  }
}

// A voice note that is played reports it. Media events do not bubble, but they can be captured.
document.addEventListener(
  "play",
  (event) => {
    const bubble = event.target.closest("[data-voice]");
    if (!bubble) return;
    const data = new URLSearchParams(body.dataset.chat);
    data.set("wamid", bubble.dataset.wamid);
    fetch("/heard", { method: "POST", body: data, headers: { "X-Requested-With": "fetch" } }).catch(() => {});
  },
  true,
);

document.addEventListener("simulator:changed", ask);
document.addEventListener("visibilitychange", ask);
setInterval(() => document.visibilityState === "visible" && ask(), 700);
ask();
