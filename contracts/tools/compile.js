#!/usr/bin/env node
// Writes artifacts/<Name>.json for the contracts that are deployed: what C++ generates its bindings from and embeds.
//   tools/compile.js           compile if a source has changed since the artifacts were written
//   tools/compile.js --check   compile, and fail if the committed artifacts differ
// Deterministic: no metadata in the bytecode, no path but those relative to contracts/.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

const root = path.dirname(__dirname);
const outDir = path.join(root, 'artifacts');
const stampFile = path.join(root, 'out', 'artifacts.stamp');
const CODE_BYTES_MAX = 24576; // EIP-170
const CODE_BYTES_ROOM = 2048; // what every contract has to leave free
/// Below src/, without .sol; the file's own name is the contract's.
const contracts = [
  'SNM', 'ProfileRegistry', 'PriceOracle', 'Blacklist', 'Terms', 'Market', 'AddressBook',
  'token/SNO', 'token/TokenSale', 'token/Faucet',
  'dao/DAO', 'dao/Timelock', 'dao/Vault',
  'hub/HubFactory', 'hub/HubWallet', 'hub/Whitelist', 'hub/ApplicationPool', 'hub/JobEscrow',
  'masternode/Masternodes', 'masternode/MirrorSet', 'masternode/Participants', 'masternode/PriceReports',
  'masternode/Gatekeeper', 'masternode/Coordinator',
].map((file) => ({ file: `src/${file}.sol`, name: path.posix.basename(file) }));

const settings = {
  remappings: ['@openzeppelin/=node_modules/@openzeppelin/'],
  viaIR: true,
  evmVersion: 'cancun',
  optimizer: { enabled: true, runs: 10000 },
  metadata: { bytecodeHash: 'none', appendCBOR: false },
};
/// Contracts that would be too large otherwise, with their own number of runs. For the market it costs 1 % of the gas.
const forSize = { Market: 1500 };

/// The contracts' sources and everything that they import, keyed by the name the compiler knows them by.
function collect() {
  const sources = {};
  const visit = (name) => {
    if (sources[name]) return;
    const content = fs.readFileSync(path.join(root, name), 'utf8');
    sources[name] = { content };
    for (const [, wanted] of content.matchAll(/^\s*(?:import\s+|\}\s*from\s+|import\s*\{[^}]*\}\s*from\s+)"([^"]+)"/gm)) {
      visit(wanted.startsWith('.') ? path.posix.join(path.posix.dirname(name), wanted)
                                   : wanted.replace('@openzeppelin/', 'node_modules/@openzeppelin/'));
    }
  };
  for (const { file } of contracts) visit(file);
  return sources;
}

/// The compiler's output for these contracts, by name.
function compileSome(sources, some, runs) {
  const outputSelection = {};
  for (const { file, name } of some) {
    outputSelection[file] =
      { [name]: ['abi', 'devdoc', 'userdoc', 'evm.bytecode.object', 'evm.deployedBytecode.object', 'evm.methodIdentifiers'] };
  }
  const optimizer = { ...settings.optimizer, runs };
  const input = { language: 'Solidity', sources, settings: { ...settings, optimizer, outputSelection } };
  const output = JSON.parse(require(path.join(root, 'node_modules', 'solc')).compile(JSON.stringify(input)));
  const errors = (output.errors || []).filter((e) => e.severity === 'error');
  if (errors.length) throw new Error(errors.map((e) => e.formattedMessage).join('\n'));
  return Object.fromEntries(some.map(({ file, name }) => [name, output.contracts[file][name]]));
}

function compile(sources) {
  const small = contracts.filter(({ name }) => name in forSize);
  const everything = compileSome(sources, contracts.filter(({ name }) => !(name in forSize)), settings.optimizer.runs);
  for (const one of small) Object.assign(everything, compileSome(sources, [one], forSize[one.name]));
  const files = {};
  for (const { name } of contracts) {
    const built = everything[name];
    const size = built.evm.deployedBytecode.object.length / 2;
    console.log(`  ${name.padEnd(16)}${String(size).padStart(6)} of ${CODE_BYTES_MAX} bytes`);
    if (size > CODE_BYTES_MAX - CODE_BYTES_ROOM) throw new Error(`${name} is too large: ${size} bytes`);
    files[`${name}.json`] = JSON.stringify({
      contractName: name,
      abi: built.abi,
      devdoc: built.devdoc,
      userdoc: built.userdoc,
      methodIdentifiers: built.evm.methodIdentifiers,
      bytecode: '0x' + built.evm.bytecode.object,
    }, null, 1) + '\n';
  }
  return files;
}

function digest(sources) {
  const hash = crypto.createHash('sha256');
  hash.update(JSON.stringify(settings) + fs.readFileSync(__filename, 'utf8') + JSON.stringify(sources));
  hash.update(require(path.join(root, 'node_modules', 'solc', 'package.json')).version);
  for (const { name } of contracts) {
    const file = path.join(outDir, `${name}.json`);
    hash.update(fs.existsSync(file) ? fs.readFileSync(file) : 'missing');
  }
  return hash.digest('hex');
}

function readStamp() {
  try { return fs.readFileSync(stampFile, 'utf8'); } catch { return ''; }
}

function writeStamp(sources) {
  fs.mkdirSync(path.dirname(stampFile), { recursive: true });
  fs.writeFileSync(stampFile, digest(sources));
}

function main() {
  const sources = collect();
  // The stamp covers sources, compiler and artifacts: equal means that they were seen to agree.
  if (readStamp() === digest(sources)) return console.log('contracts: artifacts are up to date');
  const files = compile(sources);
  if (process.argv.includes('--check')) {
    const stale = Object.keys(files).filter((f) => {
      const file = path.join(outDir, f);
      return !fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== files[f];
    });
    if (stale.length) {
      console.error(`contracts: artifacts differ from the sources: ${stale.join(', ')}. Run contracts/build and commit them.`);
      process.exit(1);
    }
  } else {
    fs.mkdirSync(outDir, { recursive: true });
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(outDir, name), text);
  }
  writeStamp(sources);
  console.log('contracts: artifacts agree with the sources');
}

try {
  main();
} catch (error) {
  console.error(`contracts: ${error.message}`);
  process.exit(1);
}
