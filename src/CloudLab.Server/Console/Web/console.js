// The console page: asks for a token, swaps it for a one-time ticket, and joins the WebSocket with that. The token stays
// in this page's memory and goes into one header; it is in no URL and no storage.

import { Terminal } from "./terminal.js";

const instance = decodeURIComponent(location.pathname.split("/").at(-1));
const status = document.getElementById("status");
const screen = document.getElementById("terminal");
const login = document.getElementById("login");
const terminal = new Terminal(screen);
const encoder = new TextEncoder();
let socket = null;

const keys = {
  Enter: "\r", Backspace: "\x7f", Tab: "\t", Escape: "\x1b", Delete: "\x1b[3~",
  ArrowUp: "\x1b[A", ArrowDown: "\x1b[B", ArrowRight: "\x1b[C", ArrowLeft: "\x1b[D", Home: "\x1b[H", End: "\x1b[F",
};

document.getElementById("instance").textContent = instance;
document.title = `${instance} - CloudLab console`;

login.addEventListener("submit", async event => {
  event.preventDefault();
  status.textContent = "Connecting";
  try {
    await connect(document.getElementById("token").value.trim());
  } catch (error) {
    status.textContent = error.message;
  }
});

async function connect(token) {
  const answer = await fetch(`/v1/instances/${encodeURIComponent(instance)}/console/ticket`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail);

  socket?.close();
  terminal.clear();
  const url = new URL(body.url, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const current = socket = new WebSocket(url);
  current.binaryType = "arraybuffer";
  current.onopen = () => {
    status.textContent = "Connected";
    screen.focus();
  };
  current.onmessage = message => terminal.write(new Uint8Array(message.data));
  current.onclose = closed => {
    if (current === socket) status.textContent = `Closed${closed.reason ? `: ${closed.reason}` : ""}`;
  };
}

function send(text) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(encoder.encode(text));
}

screen.addEventListener("keydown", event => {
  let text = keys[event.key];
  if (event.ctrlKey && !event.altKey && /^[a-z[\\\]]$/i.test(event.key)) {
    // With a selection Ctrl-C copies, as everywhere else.
    if (event.key === "c" && !getSelection().isCollapsed) return;
    if (event.key === "v") return;
    text = String.fromCharCode(event.key.toUpperCase().charCodeAt(0) & 31);
  } else if (!event.ctrlKey && !event.altKey && !event.metaKey && event.key.length === 1) {
    text = event.key;
  }
  if (text === undefined) return;
  event.preventDefault();
  send(text);
});

screen.addEventListener("paste", event => {
  event.preventDefault();
  send(event.clipboardData.getData("text").replaceAll(/\r?\n/g, "\r"));
});
