// chat.js URL         prints what it hears, until somebody says `fim`
// chat.js URL TEXT    says it once it has joined
import WebSocket from "ws";

const [url, text] = process.argv.slice(2);
const chat = new WebSocket(url, { handshakeTimeout: 2000 });
chat.on("message", (data) => {
  console.log(data.toString());
  if (text) chat.send(text, () => chat.close());
  else if (data.toString().endsWith(": fim")) chat.close();
});
