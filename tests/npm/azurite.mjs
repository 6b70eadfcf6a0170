// Starts Azurite's Blob Storage, in memory, on the port of loopback that it is given, with whatever words follow, and ends
// when its input does: whoever started it is gone then. Run by --eval in the folder that has the package.
const [port, ...more] = process.argv.slice(1);
process.argv = [process.argv[0], "azurite-blob", "--blobHost", "127.0.0.1", "--blobPort", port];
process.argv.push("--inMemoryPersistence", "--disableTelemetry", "--silent", ...more);
process.stdin.on("end", () => process.exit(0)).resume();
await import("azurite/dist/src/blob/main.js");
