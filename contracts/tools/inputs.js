#!/usr/bin/env node
// Writes docs/contracts/bad-input.md: for each external function that changes state, the errors that a test provokes in it.
//   tools/inputs.js            write it
//   tools/inputs.js --check    fail if it says something else, if a function of ours is refused in no test, or if an error that
//                              a contract of ours declares is expected by no test
// Reads the committed artifacts and the tests; compiles nothing.
'use strict';
const fs = require('fs');
const path = require('path');

const root = path.dirname(__dirname);
const file = path.join(root, '..', 'docs', 'contracts', 'bad-input.md');
const head = path.join(root, '..', 'docs', 'contracts', 'bad-input.head.md');

/// Functions that refuse nobody, and why.
const refuseNobody = {
  'Blacklist.unfollow': 'one\'s own list; twice is the same',
  'HubFactory.create': 'a second one with the same salt is refused by the chain',
  'Market.cancelNonce': 'one\'s own nonces; twice is the same',
  'Market.cancelNonces': 'one\'s own nonces; twice is the same',
  'Market.depositWithPermit': 'a permit that fails leaves the allowance to decide',
  'ProfileRegistry.cancelCertificate': 'one\'s own nonces; twice is the same',
};
/// Errors of the contract that a contract asks.
const asked = ['InvalidSignature', 'NoQuorum', 'UnknownSet', 'WrongNumber'];
/// Contracts that are OpenZeppelin's but for their settings, and functions inherited as they are.
const foreign = new Set(['DAO', 'Timelock']);
const inherited = /^(approve|transfer|transferFrom|permit|delegate|delegateBySig|renounceOwnership|transferOwnership|acceptOwnership)$/;

const artifacts = fs.readdirSync(path.join(root, 'artifacts')).sort()
  .map((name) => JSON.parse(fs.readFileSync(path.join(root, 'artifacts', name), 'utf8')));

function testFiles(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((one) => {
    const at = path.join(folder, one.name);
    return one.isDirectory() ? testFiles(at) : at.endsWith('.t.sol') ? [at] : [];
  });
}

/// All tests: file, name, text.
const tests = testFiles(path.join(root, 'test')).sort().flatMap((at) => {
  const text = fs.readFileSync(at, 'utf8');
  const starts = [...text.matchAll(/^    function (\w+)\(/gm)];
  return starts.map((match, i) => ({
    file: path.relative(path.join(root, 'test'), at),
    name: match[1],
    text: text.slice(match.index, i + 1 < starts.length ? starts[i + 1].index : text.length),
    // Helpers of the file may hold the call: what a helper does counts for the tests that use it.
    isTest: /^test/.test(match[1]),
  }));
});

/// For one test: pairs of an expected error and the function called next.
function refusals(test) {
  const pairs = [];
  const pattern = /vm\.expect(?:Partial)?Revert\(([\s\S]*?)\);([\s\S]*?)(?=vm\.expect(?:Partial)?Revert|$)/g;
  for (const [, argument, after] of test.text.matchAll(pattern)) {
    const error = (argument.match(/(\w+)\.selector/) || argument.match(/"(\w+)\(/) || [, ''])[1];
    // The next statement that is no preparation of the caller.
    const statement = after.split(';').find((s) => /\w\s*\(/.test(s) && !/vm\.\w+\(/.test(s.trim().slice(0, 14)));
    // An expectation that stands in a variable was made in the same test.
    const errors = error ? [error] : errorsIn(test.text);
    if (statement) pairs.push(...errors.map((one) => ({ error: one, statement })));
  }
  return pairs;
}

const helperOf = (name) => tests.filter((t) => !t.isTest && t.name === name);

/// The errors that a text names, itself or through helpers that it calls with a short name.
const errorsIn = (text) => [...text.matchAll(/\b(\w+)\.selector/g)].map((m) => m[1]);

/// A test that hands its expectation to a helper, which calls: refuse(…, error).
function viaHelpers(test) {
  return [...test.text.matchAll(/^\s+(\w+)\(([\s\S]*?)\);/gm)].flatMap(([, name, argument]) =>
    helperOf(name).filter((h) => h.file === test.file && /expect(Partial)?Revert/.test(h.text)).flatMap((h) => {
      const inner = [...argument.matchAll(/(\w+)\(/g)].flatMap(([, other]) => helperOf(other).filter((o) => o.file === test.file));
      const errors = [argument, test.text, h.text, ...inner.map((o) => o.text)].flatMap(errorsIn);
      return errors.map((error) => ({ error, statement: argument + h.text }));
    }));
}

const all = tests.filter((t) => t.isTest)
  .flatMap((test) => [...refusals(test), ...viaHelpers(test)].map((pair) => ({ ...pair, test })));

/// Whether a statement calls function `name`, itself or through a helper of that test's folder.
function calls(statement, name, depth = 0) {
  if (new RegExp(`\\.${name}(\\{[^}]*\\})?\\(|\\.encodeCall\\(\\s*\\w+\\.${name},`).test(statement)) return true;
  if (depth === 2) return false;
  const helper = statement.match(/^\s*(?:\w+\s*=\s*)?(\w+)\(/);
  return !!helper && helperOf(helper[1]).some((h) => calls(h.text, name, depth + 1));
}

const ours = new Set();
for (const name of ['interfaces', 'masternode', 'lib', '.', 'token', 'hub', 'dao']) {
  const folder = path.join(root, 'src', name);
  for (const one of fs.readdirSync(folder).filter((f) => f.endsWith('.sol'))) {
    for (const [, error] of fs.readFileSync(path.join(folder, one), 'utf8').matchAll(/^\s*error (\w+)\(/gm)) ours.add(error);
  }
}

const errorsOf = (abi) => new Set(abi.filter((item) => item.type === 'error').map((item) => item.name));

const rows = [];
const missing = [];
const stale = [];
for (const { contractName, abi } of artifacts) {
  if (foreign.has(contractName)) continue;
  const known = new Set([...errorsOf(abi), ...asked]);
  const functions = abi.filter((item) => item.type === 'function' && !['view', 'pure'].includes(item.stateMutability));
  for (const { name } of functions) {
    if (inherited.test(name)) continue;
    const seen = new Map();
    for (const { error, statement, test } of all) {
      if (!calls(statement, name)) continue;
      if (!known.has(error) && error !== '') continue;
      if (!seen.has(error)) seen.set(error, test);
    }
    seen.delete('');
    const key = `${contractName}.${name}`;
    if (!seen.size && !refuseNobody[key]) missing.push(key);
    if (seen.size && refuseNobody[key]) stale.push(key);
    const cell = seen.size
      ? [...seen].sort().map(([error, test]) => `${error}: \`${test.name}\``).join('; ')
      : refuseNobody[key] || 'MISSING';
    rows.push(`| ${key} | ${cell} |`);
  }
}

// Errors that nobody provokes. Those of OpenZeppelin's parts are OpenZeppelin's to test.
const text = tests.map((t) => t.text).join('\n');
const silent = [...ours].sort().filter((error) => !new RegExp(`\\b${error}\\b`).test(text));

const page = `${fs.readFileSync(head, 'utf8').trimEnd()}

## Every function, and what it is refused with

One test for each error; many have more. ${rows.length} functions of ${artifacts.length - foreign.size - 1} contracts; what DAO and timelock inherit from OpenZeppelin
is covered where we rely on it (\`test/dao\`).

| function | error: a test that provokes it |
|---|---|
${rows.join('\n')}
`;

const gone = [...page.matchAll(/`(test\w+)`/g)].map((m) => m[1]).filter((name) => !tests.some((t) => t.name === name));

let failed = false;
const complain = (line) => { console.error(`contracts: ${line}`); failed = true; };
if (gone.length) complain(`docs/contracts/bad-input.head.md names tests that do not exist: ${gone.join(', ')}`);
if (missing.length) complain(`refused in no test: ${missing.join(', ')}`);
if (stale.length) complain(`refused after all, take them off the list in tools/inputs.js: ${stale.join(', ')}`);
if (silent.length) complain(`errors that no test provokes: ${silent.join(', ')}`);
if (!process.argv.includes('--check')) fs.writeFileSync(file, page);
else if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== page) {
  complain('docs/contracts/bad-input.md differs from the tests. Run contracts/tools/inputs.js and commit it.');
}
console.log(`contracts: ${rows.length} functions have their rows of bad input, ${ours.size} errors their tests`);
process.exit(failed ? 1 : 0);
