// WhatsApp's formatting as HTML, the same as inbox/formatting/markup.py, for messages without a row.
const TAGS = { "*": "strong", _: "em", "~": "s" };
const INLINE = /`[^`]+`|(?:https?:\/\/|www\.)[^\s<>"`\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+|[*_~]/gi;
const LIST_LINE = /^(?:([-*])|(\d{1,9})\.) (.*)$/s;
const FENCE = "```";
const AFTER_LINK = /[.,;:!?)\]}'*_~]+$/;
const ALNUM = /[\p{L}\p{N}]/u;
const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" };
const escape = (text) => text.replace(/[&<>"']/g, (one) => ESCAPES[one]);
const space = (one) => /\s/.test(one);

function link(address) {
  const url = address.includes("://") ? address : `https://${address}`;
  return `<a href="${escape(url)}" target="_blank" rel="noopener noreferrer nofollow"><bdi>${escape(address)}</bdi></a>`;
}

/** Append a formatting character: as a closing tag, as an opening one, or as it is. */
function mark(line, at, pieces, opened) {
  const sign = line[at];
  const [before, after] = [line[at - 1] ?? "", line[at + 1] ?? ""];
  const open = opened.some(([other]) => other === sign);
  if (open && before && !space(before) && !ALNUM.test(after)) {
    while (opened.at(-1)[0] !== sign) opened.pop();
    pieces[opened.pop()[1]] = `<${TAGS[sign]}>`;
    return void pieces.push(`</${TAGS[sign]}>`);
  }
  if (!open && after && !space(after) && after !== sign && !ALNUM.test(before)) opened.push([sign, pieces.length]);
  pieces.push(sign);
}

function inline(line) {
  const [pieces, opened] = [[], []];
  let position = 0;
  INLINE.lastIndex = 0;
  for (let match; (match = INLINE.exec(line)); INLINE.lastIndex = position) {
    if (position < match.index) pieces.push(escape(line.slice(position, match.index)));
    let found = match[0];
    if (found in TAGS) mark(line, match.index, pieces, opened);
    else if (found[0] === "`") pieces.push(`<code>${escape(found.slice(1, -1))}</code>`);
    else {
      found = found.replace(AFTER_LINK, "") || found;
      pieces.push(link(found));
    }
    position = match.index + found.length;
  }
  return pieces.join("") + escape(line.slice(position));
}

function kind(line) {
  if (line.startsWith("> ")) return "quote";
  const match = LIST_LINE.exec(line);
  if (!match || (match[1] === "*" && match[3].includes("*"))) return "words";
  return match[1] ? "ul" : "ol";
}

function block(name, lines) {
  if (name === "words") return lines.map(inline).join("\n");
  if (name === "quote") return `<blockquote>${lines.map((line) => inline(line.slice(2))).join("\n")}</blockquote>`;
  const items = lines.map((line) => LIST_LINE.exec(line));
  const start = name === "ol" && items[0][2] !== "1" ? ` start="${Number(items[0][2])}"` : "";
  const list = items.map((item) => `<li>${inline(item[3])}</li>`).join("");
  return `<${name}${start}>${list}</${name}>`;
}

function blocks(text) {
  const groups = [];
  for (const line of text.split("\n")) {
    const name = kind(line);
    if (groups.at(-1)?.[0] === name) groups.at(-1)[1].push(line);
    else groups.push([name, [line]]);
  }
  return groups.map(([name, lines]) => block(name, lines)).join("");
}

export function markup(text) {
  const parts = text.split(FENCE);
  const pieces = parts.map((part, index) => {
    if (index % 2 === 0) return blocks(part);
    const last = index === parts.length - 1;
    if (last || !part.trim()) return FENCE + blocks(part) + (last ? "" : FENCE);
    return `<code>${escape(part.replace(/^\n+|\n+$/g, ""))}</code>`;
  });
  return pieces.join("");
}
