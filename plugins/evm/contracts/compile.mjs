// Compiles src/ and writes one artifact per contract. The output depends on the sources and the lock file alone.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const solc = require("solc");
const root = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(root, "../indexmaker_evm/artifacts"));

const WANTED = {
  "src/IndexToken.sol": "IndexToken",
  "src/IndexGate.sol": "IndexGate",
  "src/IndexFactory.sol": "IndexFactory",
  "src/TestUSDC.sol": "TestUSDC",
  "src/across/AcrossRoute.sol": "AcrossRoute",
  "src/across/MiniSpokePool.sol": "MiniSpokePool",
};

const sources = {};
for (const entry of readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !entry.name.endsWith(".sol")) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  sources[path.slice(root.length + 1).replaceAll("\\", "/")] = { content: readFileSync(path, "utf8") };
}

const input = {
  language: "Solidity",
  sources: Object.fromEntries(Object.entries(sources).sort(([a], [b]) => (a < b ? -1 : 1))),
  settings: {
    evmVersion: "cancun",
    optimizer: { enabled: true, runs: 200 },
    viaIR: true,
    metadata: { bytecodeHash: "none", appendCBOR: false },
    outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
  },
};

// The hash covers every source the compiler read, the imported packages included.
const read = new Map();
const findImports = (path) => {
  const contents = readFileSync(join(root, "node_modules", path), "utf8");
  read.set(path, contents);
  return { contents };
};
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImports }));
const ours = (problem) => problem.severity === "error" || problem.sourceLocation?.file.startsWith("src/");
const problems = (output.errors ?? []).filter(ours);
for (const problem of problems) console.error(problem.formattedMessage);
if (problems.length > 0) process.exit(1);

const hash = createHash("sha256").update(JSON.stringify(input));
for (const path of [...read.keys()].sort()) hash.update(path).update(read.get(path));
const inputSha256 = hash.digest("hex");

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
for (const [file, contractName] of Object.entries(WANTED)) {
  const { abi, evm } = output.contracts[file][contractName];
  const artifact = {
    contractName,
    abi,
    bytecode: "0x" + evm.bytecode.object,
    deployedBytecode: "0x" + evm.deployedBytecode.object,
    solcVersion: solc.version(),
    inputSha256,
  };
  writeFileSync(join(out, `${contractName}.json`), JSON.stringify(artifact, null, 1) + "\n");
  console.log(`${contractName}: ${evm.deployedBytecode.object.length / 2} bytes`);
}
