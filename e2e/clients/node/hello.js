import net from "node:net";
import { header } from "./context.js";

const [host, port, name] = process.argv.slice(2);
const server = net.connect(Number(port), host, () => server.write(Buffer.concat([header(), Buffer.from(name + "\n")])));
server.setTimeout(2000, () => server.destroy(new Error("timeout")));
server.on("data", (answer) => console.log(answer.toString()));
server.on("end", () => server.end());
