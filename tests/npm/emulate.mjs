// Starts emulate's GitHub on a free port of loopback, with the seed (JSON) that it is given, prints its URL, and ends when
// its input does: whoever started it is gone then. Run by --eval in the folder that has the package.
import { createEmulator } from "emulate";

const seed = JSON.parse(process.argv[1]);
const github = await createEmulator({ service: "github", port: 0, hostname: "127.0.0.1", seed });
console.log(github.url);
process.stdin.on("end", () => process.exit(0)).resume();
