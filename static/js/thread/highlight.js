// Highlights the searched text in a message, where the browser can.
export function highlight(message, words) {
  if (!CSS.highlights) return;
  CSS.highlights.delete("found");
  const text = message.querySelector(".message__text");
  if (!words || !text) return;
  const ranges = [];
  const nodes = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  while (nodes.nextNode()) {
    const at = nodes.currentNode.data.toLowerCase().indexOf(words.toLowerCase());
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(nodes.currentNode, at);
    range.setEnd(nodes.currentNode, Math.min(at + words.length, nodes.currentNode.length));
    ranges.push(range);
  }
  CSS.highlights.set("found", new Highlight(...ranges));
}
