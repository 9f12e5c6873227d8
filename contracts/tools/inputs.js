#!/usr/bin/env node
// Writes docs/contracts/bad-input.md: for each external function that changes state, the errors that a test provokes in it.
//   tools/inputs.js            write it
//   tools/inputs.js --check    fail if it says something else, if a function of ours is refused in no test, or if an error that
//                              a contract of ours declares is expected by no test
// A test counts for a contract when the statement under its expectation calls a receiver that is declared as that contract, or as
// something that it inherits. Reads the committed artifacts, the sources and the tests; compiles nothing.
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
/// Errors of the masternodes' set, for the contracts that ask it whose signatures count.
const asked = Object.fromEntries(['Coordinator', 'Gatekeeper', 'PriceReports'].map((name) =>
  [name, ['InvalidSignature', 'NoQuorum', 'UnknownSet', 'WrongNumber']]));
/// Contracts that are OpenZeppelin's but for their settings, and functions inherited as they are.
const foreign = new Set(['DAO', 'Timelock']);
const inherited = /^(approve|transfer|transferFrom|permit|delegate|delegateBySig|renounceOwnership|transferOwnership|acceptOwnership)$/;

const artifacts = fs.readdirSync(path.join(root, 'artifacts')).sort()
  .map((name) => JSON.parse(fs.readFileSync(path.join(root, 'artifacts', name), 'utf8')));

function sources(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((one) => {
    const at = path.join(folder, one.name);
    return one.isDirectory() ? sources(at) : at.endsWith('.sol') ? [at] : [];
  }).sort();
}
const read = (file) => fs.readFileSync(file, 'utf8').replace(/\/\/.*$/gm, '');

/// What every contract and interface inherits, by its name: its own name and all others.
function ancestry(files) {
  const bases = new Map();
  for (const file of files) {
    for (const [, name, list] of read(file).matchAll(/^(?:abstract )?(?:contract|interface) (\w+)\s*(?:is\s([^{]*))?\{/gm)) {
      bases.set(name, (list || '').replace(/\([^()]*\)/g, '').split(',').map((one) => one.trim()).filter(Boolean));
    }
  }
  const all = (name) => [name, ...(bases.get(name) || []).flatMap(all)];
  return new Map([...bases.keys()].map((name) => [name, new Set(all(name))]));
}
const types = ancestry(sources(path.join(root, 'src')));
const suites = ancestry(sources(path.join(root, 'test')));

/// All functions of the tests: file, contract, name, parameters, text; and what each test contract declares outside of them.
const declared = new Map();
const tests = sources(path.join(root, 'test')).flatMap((at) => {
  const text = read(at);
  const contracts = [...text.matchAll(/^(?:abstract )?contract (\w+)/gm)];
  return contracts.flatMap((contract, k) => {
    const body = text.slice(contract.index, contracts[k + 1]?.index);
    const starts = [...body.matchAll(/^    (?:function (\w+)|constructor)\(([^)]*)\)/gm)];
    declared.set(contract[1], body.slice(0, starts[0]?.index));
    return starts.map((match, i) => ({
      file: path.relative(path.join(root, 'test'), at),
      contract: contract[1],
      name: match[1] || '',
      parameters: match[2].split(',').map((one) => one.trim().split(/\s+/).at(-1)),
      text: body.slice(match.index, starts[i + 1]?.index),
      // Helpers may hold the call: what a helper does counts for the tests of the contracts that have it.
      isTest: /^test/.test(match[1]) && at.endsWith('.t.sol'),
    }));
  });
});

const helpersOf = (from, name) => tests.filter((t) => !t.isTest && t.name === name && suites.get(from.contract).has(t.contract));
const selectorsIn = (text) => [...text.matchAll(/\b(\w+)\.selector/g)].map((m) => m[1]);

/// The errors that an expression of `from` stands for: it names them, or is a variable or a helper that does. `before`
/// is the text of `from` up to the expression.
function errorsOf(expression, from, before, depth = 0) {
  const named = [...selectorsIn(expression), ...[...expression.matchAll(/"(\w+)\(/g)].map((m) => m[1])];
  if (named.length || depth === 3) return named;
  const variable = /^\s*(\w+)(?:\[[^\]]*\])?\s*$/.exec(expression);
  if (variable) {
    const made = [...before.matchAll(new RegExp(`\\b${variable[1]}(?:\\[[^\\]]*\\])?\\s*=\\s*([^;]*);`, 'g'))].at(-1);
    return made ? errorsOf(made[1], from, before.slice(0, made.index), depth + 1) : [];
  }
  const helper = /^\s*(\w+)\(/.exec(expression);
  return helper ? helpersOf(from, helper[1]).flatMap((h) => selectorsIn(h.text)) : [];
}

/// Index after the bracket that closes the one at `open`.
function closing(text, open) {
  let depth = 0;
  for (let i = open; i < text.length; ++i) {
    if ('([{'.includes(text[i])) ++depth;
    else if (')]}'.includes(text[i]) && --depth === 0) return i + 1;
  }
  return text.length;
}

/// The arguments of the call whose bracket is at `open`.
function argumentsAt(text, open) {
  const parts = [''];
  let depth = 0;
  for (const c of text.slice(open + 1, closing(text, open) - 1)) {
    depth += '([{'.includes(c) - ')]}'.includes(c);
    if (c === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += c;
  }
  return parts;
}

/// For one function: each expectation, where it stands, and the statement that is called under it.
function expectations(from) {
  return [...from.text.matchAll(/vm\.expect(?:Partial)?Revert(?=\()/g)].flatMap((match) => {
    const open = match.index + match[0].length;
    const after = from.text.slice(closing(from.text, open) + 1);
    // The next statement that is no preparation of the caller.
    const parts = after.split(';');
    const first = parts.findIndex((s) => /\w\s*[({]/.test(s) && !/vm\.\w+\(/.test(s.trim().slice(0, 14)));
    const more = parts.slice(first + 1).findIndex((s) => !/^\s*else\b/.test(s));
    const statement = first < 0 ? '' : parts.slice(first, first + 1 + Math.max(more, 0)).join(';');
    return statement ? [{ expected: argumentsAt(from.text, open)[0], before: from.text.slice(0, match.index), statement }] : [];
  });
}

/// For one test: each error that it expects, and the statement, with the function that it stands in.
function refusals(test) {
  const own = expectations(test).flatMap(({ expected, before, statement }) =>
    errorsOf(expected, test, before).map((error) => ({ error, statement, within: test })));
  // A helper that expects and calls: refuse(…, error).
  const helped = [...test.text.matchAll(/(?<![.\w])(\w+)\(/g)].flatMap((match) =>
    helpersOf(test, match[1]).flatMap((h) => expectations(h).flatMap(({ expected, before, statement }) => {
      const given = argumentsAt(test.text, match.index + match[0].length - 1);
      const place = h.parameters.indexOf(expected.trim());
      const errors = place < 0 ? errorsOf(expected, h, before)
        : errorsOf(given[place] || '', test, test.text.slice(0, match.index));
      return errors.flatMap((error) => [{ error, statement, within: h }, { error, statement: given.join(','), within: test }]);
    })));
  return [...own, ...helped];
}

const all = tests.filter((t) => t.isTest).flatMap((test) => refusals(test).map((pair) => ({ ...pair, test })));

/// The type of `name` in function `from`: as a variable there, else as one of its contract's and their bases, else what the helper
/// of that name returns.
function typeOf(name, from) {
  const pattern = new RegExp(`\\b([A-Z]\\w*)(?:\\[\\w*\\])*(?: payable| public| internal| private| immutable| constant| memory| storage)*\\s+${name}\\b`);
  const mapped = new RegExp(`=>\\s*([A-Z]\\w*)\\s*\\)[\\w\\s]*\\b${name}\\b`);
  for (const text of [from.text, ...[...suites.get(from.contract)].map((one) => declared.get(one) || '')]) {
    const found = pattern.exec(text) || mapped.exec(text);
    if (found) return found[1];
  }
  for (const h of helpersOf(from, name)) {
    const found = /returns\s*\(\s*([A-Z]\w*)/.exec(h.text);
    if (found) return found[1];
  }
  return '';
}

/// The types of all whose function `name` a statement calls, itself or through a helper.
function receivers(statement, name, from, depth = 0) {
  // A call made before, or several.
  for (const [, data] of statement.matchAll(/\.call\((\w+)/g)) {
    const made = [...from.text.matchAll(new RegExp(`\\b${data}\\s*=\\s*([^;]*);`, 'g'))];
    statement += made.map((match) => match[1]).join(' ');
  }
  const found = [...statement.matchAll(new RegExp(`\\bencodeCall\\(\\s*(\\w+)\\.${name},`, 'g'))]
    .map(([, word]) => (types.has(word) ? word : typeOf(word, from)));
  for (const match of statement.matchAll(new RegExp(`\\.${name}(?:\\{[^}]*\\})?\\(`, 'g'))) {
    let end = match.index;
    while (/[)\]]/.test(statement[end - 1])) {
      let depth = 0;
      do {
        --end;
        depth += ')]'.includes(statement[end]) - '(['.includes(statement[end]);
      } while (depth && end > 0);
    }
    const [, word] = /(\w+)$/.exec(statement.slice(0, end)) || [];
    if (word) found.push(types.has(word) ? word : typeOf(word, from));
  }
  const helper = /^[\s{}]*(?:[\w ]+\s*=\s*)?(\w+)\(/.exec(statement);
  if (helper && depth < 2) found.push(...helpersOf(from, helper[1]).flatMap((h) => receivers(h.text, name, h, depth + 1)));
  return found;
}

const ours = new Set();
for (const name of ['interfaces', 'masternode', 'lib', '.', 'token', 'hub', 'dao']) {
  const folder = path.join(root, 'src', name);
  for (const one of fs.readdirSync(folder).filter((f) => f.endsWith('.sol'))) {
    for (const [, error] of fs.readFileSync(path.join(folder, one), 'utf8').matchAll(/^\s*error (\w+)\(/gm)) ours.add(error);
  }
}

const errorsIn = (abi) => new Set(abi.filter((item) => item.type === 'error').map((item) => item.name));

const rows = [];
const missing = [];
const stale = [];
for (const { contractName, abi } of artifacts) {
  if (foreign.has(contractName)) continue;
  const known = new Set([...errorsIn(abi), ...(asked[contractName] || [])]);
  const functions = abi.filter((item) => item.type === 'function' && !['view', 'pure'].includes(item.stateMutability));
  for (const { name } of functions) {
    if (inherited.test(name)) continue;
    const seen = new Map();
    for (const { error, statement, within, test } of all) {
      if (!known.has(error) || seen.has(error)) continue;
      if (receivers(statement, name, within).some((type) => types.get(contractName).has(type))) seen.set(error, test);
    }
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
