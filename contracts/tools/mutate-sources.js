// Finds the guards of Solidity sources and rewrites the sources so that each guard can be switched off at run time, all in
// one build: a guard asks first whether it is the one that is missing, which is the number in the block's coinbase.
'use strict';
const fs = require('fs');
const path = require('path');

/// What every rewritten source imports. Made to look pure, so that guards in pure functions can ask too.
const SWITCH = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

function kept_(uint256 guard) pure returns (bool) {
    return _asPure_(_missing_)() != guard;
}

function _missing_() view returns (uint256) {
    return uint160(address(block.coinbase));
}

function _asPure_(function() view returns (uint256) from) pure returns (function() pure returns (uint256) to) {
    assembly { to := from }
}
`;
const NOT_MODIFIERS = new Set(['external', 'public', 'internal', 'private', 'view', 'pure', 'payable', 'virtual', 'override',
  'returns', 'return']);
const CHECK = /^(?:\w+\.)*_?(?:require|check)\w*$/;

const COMMENTS = /\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"/g;

/// The source with comments and strings blanked out, so that nothing is found in them; same length, same lines.
function blank(source) {
  return source.replace(COMMENTS, (text) => text.replace(/[^\n]/g, ' '));
}

/// What the compiler reads of a source: no comments, no spaces.
function essence(source) {
  return source.replace(COMMENTS, (text) => (text[0] === '"' ? text : '')).replace(/\s+/g, '');
}

/// Index of the bracket that closes the one at `from`.
function closing(code, from) {
  const pairs = { '(': ')', '{': '}' };
  const open = code[from];
  let depth = 0;
  for (let i = from; i < code.length; ++i) {
    if (code[i] === open) ++depth;
    else if (code[i] === pairs[open] && --depth === 0) return i;
  }
  throw new Error(`no ${pairs[open]} for the ${open} at ${from}`);
}

const after = (code, from) => from + code.slice(from).search(/\S|$/);

/// The operands of the outermost `||` in code[start, end), as [start, end].
function operands(code, start, end) {
  const found = [];
  let depth = 0;
  for (let i = start, begin = start; i <= end; ++i) {
    if (i === end || (depth === 0 && code.startsWith('||', i))) {
      found.push([after(code, begin), begin + code.slice(begin, i).trimEnd().length]);
      begin = i + 2;
    } else if (code[i] === '(') ++depth;
    else if (code[i] === ')') --depth;
  }
  return found;
}

/// Everything that a source defines: functions and modifiers with their places.
function definitions(code) {
  return [...code.matchAll(/\b(function|modifier|constructor)\b\s*(\w*)\s*(\()?/g)].flatMap((match) => {
    if (match[1] !== 'modifier' && !match[3]) return [];
    const open = match[3] ? match.index + match[0].length - 1 : -1;
    const headAt = match[3] ? closing(code, open) + 1 : match.index + match[0].length;
    const bodyAt = headAt + code.slice(headAt).search(/[{;]/);
    const end = code[bodyAt] === '{' ? closing(code, bodyAt) : bodyAt;
    return [{ kind: match[1], name: match[2], at: match.index, open, headAt, bodyAt, end, head: code.slice(headAt, bodyAt) }];
  });
}

/// The conditions of `if (...) revert` and of `if (...) { ... revert ...; }` without `else`, and those of `require`:
/// {at, parts: [[start, end]...], negated}. In a library also those that refuse by their answer: `if (...) return false`,
/// `return ... ? address(0) :`.
function conditions(code) {
  const found = [];
  const isLibrary = /^library\b/m.test(code);
  if (isLibrary) {
    for (const match of code.matchAll(/\breturn\s+([^;?]*?)\s*\?\s*address\(0\)\s*:/g)) {
      const start = match.index + match[0].indexOf(match[1]);
      found.push({ at: match.index, parts: operands(code, start, start + match[1].length), negated: false });
    }
  }
  for (const match of code.matchAll(/\bif\s*\(/g)) {
    const open = match.index + match[0].length - 1;
    const close = closing(code, open);
    const next = after(code, close + 1);
    let guard = /^revert\b/.test(code.slice(next)) || (isLibrary && /^return (false|address\(0\));/.test(code.slice(next)));
    if (code[next] === '{') {
      const end = closing(code, next);
      guard = /(^|[;{}])\s*revert\b[^;]*;\s*$/.test(code.slice(next + 1, end)) && !/^\s*else\b/.test(code.slice(end + 1));
    }
    if (guard) found.push({ at: match.index, parts: operands(code, open + 1, close), negated: false });
  }
  for (const match of code.matchAll(/\brequire\s*\(/g)) {
    const open = match.index + match[0].length - 1;
    const text = code.slice(open + 1, closing(code, open));
    let depth = 0;
    let end = [...text].findIndex((c) => (c === '(' ? ++depth : c === ')' ? --depth : 0) === 0 && c === ',' && depth === 0);
    if (end < 0) end = text.length;
    found.push({ at: match.index, parts: [[open + 1, open + 1 + end]], negated: true });
  }
  return found;
}

/// Rewrites the files below `root` (a copy) in place.
/// Returns the guards by file, in order: [{number, file, line, what, inside}]. `files` are below `root`; a file's guards
/// are: every condition that reverts or, in a library, says no (each operand of `||` by itself), every call of a
/// require/check function as a statement, every use of a modifier, and every one of several calls of a function that
/// checks and does more.
function rewrite(root, files) {
  const sources = new Map(files.map((file) => {
    const text = fs.readFileSync(path.join(root, file), 'utf8');
    const code = blank(text);
    return [file, { text, code, defined: definitions(code), edits: [] }];
  }));
  const guards = [];
  const insert = (source, at, text) => source.edits.push({ at, text });
  const inside = (source, at) => source.defined.findLast((one) => one.at <= at && at <= one.end);
  const add = (file, start, end) => {
    const { text } = sources.get(file);
    const where = inside(sources.get(file), start);
    guards.push({ number: guards.length + 1, file, line: text.slice(0, start).split('\n').length,
                  what: text.slice(start, end).replace(/\s+/g, ' '), inside: where ? where.name || where.kind : '' });
    return guards.length;
  };

  // Functions that check and do more: {name, file (private ones), folder}.
  const checking = [];
  for (const [file, source] of sources) {
    for (const one of source.defined) {
      if (one.kind !== 'function' || !one.name.startsWith('_') || CHECK.test(one.name) && !/returns/.test(one.head)) continue;
      if (!conditions(source.code).some(({ at }) => at > one.bodyAt && at < one.end)) continue;
      checking.push({ name: one.name, isIn: (other) => /\bprivate\b/.test(one.head) ? other === file
                                                   : path.dirname(other) === path.dirname(file) });
    }
  }
  const callsOf = (name, file) => [...sources.get(file).code.matchAll(new RegExp(`(?<!function\\s+)\\b${name}\\s*\\(`, 'g'))];
  const several = checking.filter(({ name, isIn }) =>
    files.filter(isIn).reduce((sum, file) => sum + callsOf(name, file).length, 0) > 1);

  const modifiers = new Set();
  for (const [file, source] of sources) {
    const { code, defined } = source;
    const isCall = ({ name }) => several.some((one) => one.name === name && one.isIn(file));
    for (const one of defined) {
      if (one.kind === 'function' && isCall(one)) {
        insert(source, one.open + 1, after(code, one.open + 1) === one.headAt - 1 ? 'uint256 site_' : 'uint256 site_, ');
      }
      if (one.kind !== 'function' || code[one.bodyAt] !== '{') continue;
      const head = one.head.replace(/returns\s*\([^)]*\)|override\s*\([^)]*\)/g, (text) => ' '.repeat(text.length));
      for (const word of head.matchAll(/\b([a-zA-Z_]\w*)(\s*\()?/g)) {
        if (NOT_MODIFIERS.has(word[1])) continue;
        const start = one.headAt + word.index;
        const number = add(file, start, start + word[1].length);
        insert(source, start + word[1].length, word[2] ? 'Kept_' : `Kept_(${number})`);
        if (word[2]) insert(source, start + word[0].length, `${number}, `);
        modifiers.add(word[1]);
      }
    }
    for (const { at, parts, negated } of conditions(code)) {
      const where = inside(source, at);
      // A modifier is switched where it is used.
      if (!where || where.kind === 'modifier') continue;
      const site = where.kind === 'function' && isCall(where) ? ' && kept_(site_)' : '';
      for (const [start, end] of parts) {
        const number = add(file, start, end);
        const on = `kept_(${number})${site}`;
        insert(source, start, negated ? `(!(${on}) || (` : `(${on} && (`);
        insert(source, end, '))');
      }
    }
    for (const match of code.matchAll(/(?<=[;{})]\s*)\b((?:\w+\.)*\w+)\s*\(/g)) {
      if (!CHECK.test(match[1]) || match[1] === 'require' || isCall({ name: match[1] })) continue;
      const end = closing(code, match.index + match[0].length - 1) + 1;
      const where = inside(source, match.index);
      if (!where || where.kind === 'modifier' || code[end] !== ';') continue;
      insert(source, match.index, `{ if (kept_(${add(file, match.index, end)})) `);
      insert(source, end + 1, ' }');
    }
    for (const { name } of several.filter(({ isIn }) => isIn(file))) {
      for (const call of callsOf(name, file)) {
        const open = call.index + call[0].length - 1;
        const number = add(file, call.index, closing(code, open) + 1);
        insert(source, open + 1, after(code, open + 1) === closing(code, open) ? `${number}` : `${number}, `);
      }
    }
  }
  for (const [file, source] of sources) write(path.join(root, file), source);
  fs.writeFileSync(path.join(root, 'src', 'Switch_.sol'), SWITCH);
  if (modifiers.size) addTwins(root, modifiers);
  return guards.sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.number - b.number);
}

function write(file, { text, edits }) {
  edits.sort((a, b) => b.at - a.at);
  for (const { at, text: added } of edits) text = text.slice(0, at) + added + text.slice(at);
  if (!text.includes('Switch_.sol')) {
    text = text.replace(/^pragma [^;]*;/m, (pragma) => `${pragma}\nimport {kept_} from "src/Switch_.sol";`);
  }
  fs.writeFileSync(file, text);
}

/// Gives each of these modifiers a twin `<name>Kept_(number, ...)` that does nothing when that number is missing.
function addTwins(root, names) {
  for (const folder of ['src', 'node_modules/@openzeppelin/contracts']) {
    for (const name of fs.readdirSync(path.join(root, folder), { recursive: true })) {
      if (!name.endsWith('.sol')) continue;
      const file = path.join(root, folder, name);
      const text = fs.readFileSync(file, 'utf8');
      const code = blank(text);
      const edits = definitions(code).filter((one) => one.kind === 'modifier' && names.has(one.name)).map((one) => {
        const parameters = one.open < 0 ? '' : text.slice(one.open + 1, one.headAt - 1).trim();
        const [before, behind] = text.slice(one.bodyAt + 1, one.end).split(/\b_;/);
        const twin = ` modifier ${one.name}Kept_(uint256 guard_${parameters && ', '}${parameters}) `
          + `{ if (kept_(guard_)) {${before}} _; if (kept_(guard_)) {${behind}} }`;
        return { at: one.end + 1, text: twin };
      });
      if (edits.length) write(file, { text, edits });
    }
  }
}

module.exports = { essence, rewrite };
