import net from "node:net";
import { header } from "./context.js";

const [host, port, number] = process.argv.slice(2);
let hex = BigInt(number).toString(16);
hex = hex.padStart(Math.max(4, hex.length + (hex.length % 2)), "0");
const server = net.connect(Number(port), host, () => server.write(Buffer.concat([header(), Buffer.from(hex, "hex")])));
server.setTimeout(2000, () => server.destroy(new Error("timeout")));
server.on("data", (answer) => console.log(answer.toString()));
server.on("end", () => server.end());
