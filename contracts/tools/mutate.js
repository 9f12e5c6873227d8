#!/usr/bin/env node
// Removes one guard at a time from a contract and says whether a test notices.
//   tools/mutate.js --contract src/market/Deals.sol --deployed src/Market.sol --tests 'test/Deals.t.sol test/Faults.t.sol'
//                   [--sample N] [--min SCORE] [--list]
// A guard is an `if (...) revert ...;`, a `require(...)`, a block of nothing but a revert, a call of a `_require...` or
// `_check...` function as a statement, or a modifier of a function. The source is copied, so the working tree is never
// touched. Only the contract that is deployed (--deployed; the same file if not given) is compiled anew, without via-ir,
// and put in the place of its artifact: the tests are compiled once. Tests run until the first one fails. Prints `killed` or `SURVIVED` for each, and the score; exits 1 below --min.
'use strict';
const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const root = path.dirname(__dirname);
const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const contract = option('contract');
const tests = (option('tests') || 'test/**').split(' ');
const deployed = option('deployed', contract);
const sample = Number(option('sample', '0'));
const least = Number(option('min', '0'));
const timeout_s = Number(option('timeout', '900'));

/// The source with comments and strings blanked out, so that nothing is found in them; same length, same lines.
function blank(source) {
  return source.replace(/\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"/g, (text) => text.replace(/[^\n]/g, ' '));
}

/// End of the bracket that opens at `from`.
function closing(text, from, open, close) {
  let depth = 0;
  for (let i = from; i < text.length; ++i) {
    if (text[i] === open) ++depth;
    if (text[i] === close && --depth === 0) return i;
  }
  return -1;
}

const notModifiers = new Set(['external', 'public', 'internal', 'private', 'view', 'pure', 'payable', 'virtual', 'override',
  'returns', 'return', 'constant', 'immutable']);

/// Every guard: {start, end, replacement, what}.
function guards(source) {
  const code = blank(source);
  const found = [];
  const add = (start, end, replacement) =>
    found.push({ start, end, replacement, what: source.slice(start, end).replace(/\s+/g, ' ').slice(0, 100) });
  for (const match of code.matchAll(/\bif\s*\(/g)) {
    const condition = closing(code, match.index + match[0].length - 1, '(', ')');
    const after = condition + 1 + code.slice(condition + 1).search(/\S/);
    if (code.startsWith('revert', after)) {
      add(match.index, code.indexOf(';', after) + 1, '');
    } else if (code[after] === '{') {
      const end = closing(code, after, '{', '}');
      const rest = code.slice(end + 1).trimStart();
      if (/^\{\s*revert[^;]*;\s*\}$/.test(code.slice(after, end + 1)) && !rest.startsWith('else')) add(match.index, end + 1, '');
    }
  }
  for (const match of code.matchAll(/^[ \t]*((?:require|_require\w*|_check\w*)\s*\()/gm)) {
    const start = match.index + match[0].length - match[1].length;
    const end = closing(code, start + match[1].length - 1, '(', ')');
    if (code[end + 1] === ';') add(start, end + 2, '');
  }
  for (const match of code.matchAll(/\bfunction\s+\w+\s*\(/g)) {
    const parameters = closing(code, match.index + match[0].length - 1, '(', ')');
    const body = code.slice(parameters).search(/[{;]/) + parameters;
    if (code[body] !== '{') continue;
    const head = code.slice(parameters + 1, body).replace(/returns\s*\([^)]*\)/, (text) => ' '.repeat(text.length));
    for (const word of head.matchAll(/\b[a-zA-Z_]\w*(\s*\([^)]*\))?/g)) {
      if (notModifiers.has(word[0].split('(')[0].trim())) continue;
      const start = parameters + 1 + word.index;
      add(start, start + word[0].length, '');
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

/// A folder with everything that forge needs. It stays in out/, so that the tests are compiled once for all contracts.
function prepare() {
  const folder = path.join(root, 'out', 'mutate');
  fs.mkdirSync(folder, { recursive: true });
  for (const name of ['src', 'test', 'artifacts', 'tools', 'foundry.toml']) {
    fs.rmSync(path.join(folder, name), { recursive: true, force: true });
    spawnSync('cp', ['-r', path.join(root, name), folder]);
  }
  fs.rmSync(path.join(folder, 'node_modules'), { recursive: true, force: true });
  spawnSync('cp', ['-al', path.join(root, 'node_modules'), folder]);
  return folder;
}

/// Compiles the deployed contract as it is in `folder` and puts it in the place of its artifact; false if it does not compile.
function compile(folder) {
  const sources = {};
  const visit = (name) => {
    if (sources[name]) return;
    const content = fs.readFileSync(path.join(folder, name), 'utf8');
    sources[name] = { content };
    for (const [, wanted] of content.matchAll(/^\s*(?:import\s+|\}\s*from\s+|import\s*\{[^}]*\}\s*from\s+)"([^"]+)"/gm)) {
      visit(wanted.startsWith('.') ? path.posix.join(path.posix.dirname(name), wanted)
                                   : wanted.replace('@openzeppelin/', 'node_modules/@openzeppelin/'));
    }
  };
  visit(deployed);
  const name = path.basename(deployed, '.sol');
  const output = JSON.parse(solc().compile(JSON.stringify({
    language: 'Solidity', sources,
    settings: { remappings: ['@openzeppelin/=node_modules/@openzeppelin/'], evmVersion: 'cancun', optimizer: { enabled: true, runs: 200 },
                outputSelection: { [deployed]: { [name]: ['evm.bytecode.object'] } } },
  })));
  if ((output.errors || []).some((error) => error.severity === 'error')) return false;
  const bytecode = '0x' + output.contracts[deployed][name].evm.bytecode.object;
  fs.writeFileSync(path.join(folder, 'artifacts', `${name}.json`), JSON.stringify({ bytecode }));
  return true;
}

let compiler;
function solc() { return compiler ??= require(path.join(root, 'node_modules', 'solc')); }

/// 'ok', 'failed' (a test noticed) or 'broken' (it does not compile: the guard cannot be removed).
function run(folder) {
  if (!compile(folder)) return 'broken';
  for (const pattern of tests) {
    const result = spawnSync(path.join(root, 'node_modules', '.bin', 'forge'),
      ['test', '--fail-fast', '--match-path', pattern, '--no-match-test', option('without', 'reach_every')],
      { cwd: folder, encoding: 'utf8', timeout: timeout_s * 1000, maxBuffer: 1 << 28,
        env: { ...process.env, FORCE_COLOR: '0', FOUNDRY_OUT: path.join(folder, 'out', 'forge'),
               FOUNDRY_CACHE_PATH: path.join(folder, 'out', 'cache'), SONM_TEST_ARTIFACTS: 'true',
               FOUNDRY_INVARIANT_RUNS: '4', FOUNDRY_FUZZ_RUNS: '32' } });
    if (/Compiler run failed|Compiler error|No tests/.test(result.stdout + result.stderr)) {
      throw new Error(`${pattern}: ${(result.stdout + result.stderr).slice(-600)}`);
    }
    if (result.status !== 0) return 'failed';
  }
  return 'ok';
}

function main() {
  const source = fs.readFileSync(path.join(root, contract), 'utf8');
  let all = guards(source);
  const line = (guard) => source.slice(0, guard.start).split('\n').length;
  if (process.argv.includes('--list')) return all.forEach((guard) => console.log(`${contract}:${line(guard)}: ${guard.what}`));
  if (sample) all = all.filter((_, i) => i % Math.max(1, Math.floor(all.length / sample)) === 0).slice(0, sample);
  const folder = prepare();
  const file = path.join(folder, contract);
  let killed = 0, counted = 0;
  if (run(folder) !== 'ok') throw new Error('the tests fail without any mutation');
  for (const guard of all) {
    fs.writeFileSync(file, source.slice(0, guard.start) + guard.replacement + source.slice(guard.end));
    const outcome = run(folder);
    if (outcome !== 'broken') ++counted;
    if (outcome === 'failed') ++killed;
    const word = { ok: 'SURVIVED', failed: 'killed', broken: 'not removable' }[outcome];
    console.log(`${word.padEnd(14)} ${contract}:${line(guard)}: ${guard.what}`);
  }
  const score = counted ? 100 * killed / counted : 100;
  console.log(`mutation score ${contract}: ${killed} of ${counted} (${score.toFixed(0)} %)`);
  if (score < least) process.exitCode = 1;
}

try {
  if (!contract) throw new Error('--contract FILE is needed; see the head of tools/mutate.js');
  main();
} catch (error) {
  console.error(`mutate: ${error.message}`);
  process.exit(1);
}
