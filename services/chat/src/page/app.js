// The page of the plain protocol: every frame is a line of text, and is shown as text.
"use strict";

const client = Date.now();
const messages = document.getElementById("messages");
const state = document.getElementById("state");
const text = document.getElementById("text");
const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const socket = new WebSocket(`${scheme}//${location.host}/ws/${client}`);

function show(line) {
  const item = document.createElement("li");
  item.textContent = line;
  messages.append(item);
}

document.getElementById("client").textContent = String(client);
socket.addEventListener("open", () => { state.textContent = "conectado"; });
socket.addEventListener("close", () => { state.textContent = "desconectado"; });
socket.addEventListener("message", (event) => show(event.data));
document.getElementById("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (socket.readyState !== WebSocket.OPEN) return;
  socket.send(text.value);
  show(`You: ${text.value}`);
  text.value = "";
});
