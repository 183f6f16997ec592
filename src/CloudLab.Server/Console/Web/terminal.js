// A serial terminal of the plainest kind: lines of text, with carriage return, line feed, backspace and tab. Escape
// sequences are taken out of the stream, but for "erase to the end of the line", which line editors need, and cursor
// left and right. Kept lines are bounded.

const MaxLines = 5000;
const TabWidth = 8;

export class Terminal {
  #element;
  #decoder = new TextDecoder();
  #lines = [""];
  #column = 0;
  #pending = "";
  #scheduled = false;

  constructor(element) {
    this.#element = element;
  }

  write(bytes) {
    let text = this.#pending + this.#decoder.decode(bytes, { stream: true });
    this.#pending = "";
    for (let i = 0; i < text.length; i++) {
      if (text[i] !== "\x1b") {
        this.#put(text[i]);
        continue;
      }
      const end = escapeEnd(text, i);
      if (end < 0) {
        // A sequence can be cut by a frame's end; what is longer than any real one is dropped.
        if (text.length - i < 64) this.#pending = text.slice(i);
        break;
      }
      this.#escape(text.slice(i + 1, end));
      i = end - 1;
    }
    this.#schedule();
  }

  clear() {
    this.#lines = [""];
    this.#column = 0;
    this.#pending = "";
    this.#schedule();
  }

  #put(character) {
    switch (character) {
      case "\r": this.#column = 0; break;
      case "\b": this.#column = Math.max(0, this.#column - 1); break;
      case "\t": this.#column += TabWidth - this.#column % TabWidth; break;
      case "\n":
        this.#lines.push("");
        if (this.#lines.length > MaxLines) this.#lines.shift();
        // The guest's line discipline sends CR with each LF; a kernel's early console may not.
        this.#column = 0;
        break;
      default:
        if (character < " " || character === "\x7f") break;
        this.#edit(line => line.slice(0, this.#column) + character + line.slice(this.#column + 1));
        this.#column++;
    }
  }

  #escape(sequence) {
    const match = /^\[(\d*)([CDJK])$/.exec(sequence);
    if (!match) return;
    const count = Math.min(Number(match[1] || (match[2] < "J" ? 1 : 0)), 1000);
    switch (match[2]) {
      case "C": this.#column += count; break;
      case "D": this.#column = Math.max(0, this.#column - count); break;
      default:
        if (count === 0) this.#edit(line => line.slice(0, this.#column));
        if (count === 2 && match[2] === "J") this.clear();
    }
  }

  #edit(change) {
    const last = this.#lines.length - 1;
    this.#lines[last] = change(this.#lines[last].padEnd(this.#column));
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#render();
    });
  }

  #render() {
    const element = this.#element;
    const follows = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    const last = this.#lines.at(-1).padEnd(this.#column);
    const cursor = document.createElement("span");
    cursor.className = "cursor";
    cursor.textContent = last[this.#column] ?? " ";
    // Text nodes only: nothing that the guest prints is ever taken for HTML.
    element.replaceChildren(
      this.#lines.slice(0, -1).map(line => line + "\n").join("") + last.slice(0, this.#column),
      cursor,
      last.slice(this.#column + 1));
    if (follows) element.scrollTop = element.scrollHeight;
  }
}

/** The index after the escape sequence that starts at `start`, or -1 when it is not complete. */
function escapeEnd(text, start) {
  const kind = text[start + 1];
  if (kind === undefined) return -1;
  if (kind === "[") {
    for (let i = start + 2; i < text.length; i++) if (text[i] >= "@" && text[i] <= "~") return i + 1;
    return -1;
  }
  if (kind === "]") {
    for (let i = start + 2; i < text.length; i++) {
      if (text[i] === "\x07") return i + 1;
      if (text[i] === "\x1b" && text[i + 1] === "\\") return i + 2;
    }
    return -1;
  }
  return "()#%".includes(kind) ? (text.length > start + 2 ? start + 3 : -1) : start + 2;
}
