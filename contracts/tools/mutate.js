#!/usr/bin/env node
// Switches off one guard at a time and says whether a test notices; see mutate.sh --help. All mutants are compiled at once,
// in a copy of the project (mutate-sources.js); the block's coinbase says which guard is missing in a run.
'use strict';
const { spawnSync } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const { essence, rewrite } = require('./mutate-sources.js');
const { groups, least, reasons, required } = require('./mutate-table.js');

const root = path.dirname(__dirname);
const copy = path.join(root, 'out', 'mutate');
const reportFile = path.join(root, 'mutation.md');
const SAMPLE = 8;

function sourcesOf(name) {
  return groups[name].sources.flatMap((source) => {
    if (!source.endsWith('*')) return [`${source}.sol`];
    const folder = path.dirname(source);
    return fs.readdirSync(path.join(root, folder)).filter((file) => file.endsWith('.sol')).sort().map((file) => `${folder}/${file}`);
  });
}

/// The tests in these folders; those that read files beside contracts/ cannot run in the copy.
function testsIn(folders) {
  return folders.flatMap((folder) => fs.readdirSync(path.join(root, folder)).filter((file) => file.endsWith('.t.sol')).sort()
    .map((file) => `${folder}/${file}`)).filter((file) => !fs.readFileSync(path.join(root, file), 'utf8').includes('File("../'));
}

/// As they were at the start: {quick, invariant} by group.
const testsOf = Object.fromEntries(Object.entries(groups).map(([name, { tests }]) => {
  const isInvariant = (folder) => folder.endsWith('/invariant');
  return [name, { quick: testsIn(tests.filter((folder) => !isInvariant(folder))), invariant: testsIn(tests.filter(isInvariant)) }];
}));

/// A group's sources, and all libraries of ours that they use.
function codeOf(name) {
  const files = new Set(sourcesOf(name));
  for (const file of files) {
    for (const [, used] of fs.readFileSync(path.join(root, file), 'utf8').matchAll(/^import [^;]*"(\.[^"]*)";/gm)) {
      const other = path.join(path.dirname(file), used);
      if (path.dirname(other) === 'src/lib') files.add(other);
    }
  }
  return [...files].sort();
}

/// Over the code that a group's score depends on, without comments and spaces.
function hashOf(name) {
  const hash = crypto.createHash('sha256');
  for (const file of codeOf(name)) {
    hash.update(file + essence(fs.readFileSync(path.join(root, file), 'utf8')));
  }
  return hash.digest('hex').slice(0, 16);
}

/// Copies the project with these tests and makes all guards switchable; the guards by group.
function prepare(tests) {
  for (const folder of ['src', 'test']) fs.rmSync(path.join(copy, folder), { recursive: true, force: true });
  fs.mkdirSync(copy, { recursive: true });
  const folders = new Set([...tests.map((file) => path.dirname(file)), 'test/base', 'test/mocks']);
  const wanted = (file) => {
    const name = path.relative(root, file);
    return !name.startsWith('test/') || !name.endsWith('.sol') || (name.endsWith('.t.sol') ? tests.includes(name) : folders.has(path.dirname(name)));
  };
  for (const name of ['src', 'test', 'foundry.toml', 'node_modules/@openzeppelin/contracts']) {
    fs.cpSync(path.join(root, name), path.join(copy, name), { recursive: true, filter: wanted });
  }
  const guards = rewrite(copy, Object.keys(groups).flatMap(sourcesOf));
  return Object.fromEntries(Object.keys(groups).map((name) => {
    const files = sourcesOf(name);
    return [name, guards.filter(({ file }) => files.includes(file))];
  }));
}

function forge(...options) {
  const { SONM_TEST_ARTIFACTS, FOUNDRY_PROFILE, ...environment } = process.env;
  const result = spawnSync(path.join(root, 'node_modules', '.bin', 'forge'), options, {
    cwd: copy, encoding: 'utf8', maxBuffer: 1 << 28, timeout: 1800 * 1000,
    env: { ...environment, FORCE_COLOR: '0', FOUNDRY_SOLC: path.join(root, 'tools', 'solc'),
           FOUNDRY_OUT: 'out', FOUNDRY_CACHE_PATH: 'cache', FOUNDRY_CODE_SIZE_LIMIT: '1000000',
           FOUNDRY_FUZZ_RUNS: '16', FOUNDRY_INVARIANT_RUNS: '4' },
  });
  return { ok: result.status === 0, text: result.stdout + result.stderr };
}

/// The name of the first test that fails when this guard is missing (0: none is); '' if all pass.
function firstFailure(tests, number) {
  if (tests.length === 0) return '';
  const { ok, text } = forge('test', '--fail-fast', '--match-path', `{${tests.join(',')}}`, '--no-match-test', 'reach_every',
                             '--block-coinbase', '0x' + number.toString(16).padStart(40, '0'));
  if (ok && /[1-9]\d* tests passed/.test(text)) return '';
  const [, name] = /^\[FAIL.*\] (\w+)\(.*$/m.exec(text) || [];
  if (!name) throw new Error(text.slice(-1500));
  return name;
}

const textOf = ({ file, inside, what }) => `${path.basename(file, '.sol')}.${inside}: ${what}`;

/// Takes these guards away one by one; those whose absence nothing notices.
function survivors(name, guards) {
  return guards.filter((guard, i) => {
    const by = firstFailure(testsOf[name].quick, guard.number) || firstFailure(testsOf[name].invariant, guard.number);
    const place = `${name} ${String(i + 1).padStart(3)}/${guards.length}  ${guard.file}:${guard.line}`;
    console.log(`${by ? 'noticed ' : 'SURVIVED'}  ${place} ${guard.inside}: ${guard.what.slice(0, 80)}${by && `  (${by})`}`);
    return !by;
  });
}

function build(names, invariant) {
  const tests = [...new Set(names.flatMap((name) => [...testsOf[name].quick, ...(invariant ? testsOf[name].invariant : [])]))];
  const guards = prepare(tests);
  console.log(`mutation: compiling ${Object.values(guards).flat().length} mutants at once`);
  const failing = firstFailure(tests, 0);
  if (failing) throw new Error(`${failing} fails with every guard in its place`);
  return guards;
}

const percent = ({ guards, noticed }) => (guards ? 100 * noticed / guards : 100);

function readReport() {
  const rows = {};
  const text = fs.existsSync(reportFile) ? fs.readFileSync(reportFile, 'utf8') : '';
  for (const [, name, guards, noticed, hash] of text.matchAll(/^\| (\w+) \| (\d+) \| (\d+) \| [\d.]+ % \| `(\w+)` \|$/gm)) {
    rows[name] = { guards: Number(guards), noticed: Number(noticed), hash, left: [] };
  }
  for (const [, name, guard] of text.matchAll(/^- (\w+): `([^`]+)`/gm)) rows[name]?.left.push(guard);
  return rows;
}

function writeReport(rows) {
  const names = Object.keys(groups).filter((name) => rows[name]);
  const left = names.flatMap((name) => rows[name].left.map((guard) =>
    `- ${name}: \`${guard}\`: ${reasons[guard] || 'no test notices it yet'}\n`));
  fs.writeFileSync(reportFile, `# Mutation

Written by \`contracts/mutate.sh\`: each guard of a contract is switched off by itself, and the tests run. A guard is a
condition that reverts (each operand of \`||\` by itself), a call of a \`require...\` or \`check...\` function, a use of a
modifier, each of several calls of a function that checks and does more, and in a library a condition that returns false or
nobody's address. The code of a score is that of its group and of the libraries that it uses. \`contracts/test.sh\` fails
when the score of ${required.slice(0, -1).join(', ')} or ${required.at(-1)} is below
${least} %, or was taken from other code than the present.

| group | guards | noticed by a test | score | code |
|---|---:|---:|---:|---|
${names.map((name) => `| ${name} | ${rows[name].guards} | ${rows[name].noticed} | ${percent(rows[name]).toFixed(1)} % | \`${rows[name].hash}\` |\n`).join('')}
The sources of each group: \`tools/mutate-table.js\`.

## Guards that are not missed

${left.join('') || 'None.\n'}`);
}

function full(names) {
  const hashes = Object.fromEntries(names.map((name) => [name, hashOf(name)]));
  const guards = build(names, true);
  const rows = readReport();
  for (const name of names) {
    const left = survivors(name, guards[name]);
    rows[name] = { guards: guards[name].length, noticed: guards[name].length - left.length, hash: hashes[name], left: left.map(textOf) };
    writeReport(rows);
    console.log(`mutation score ${name}: ${rows[name].noticed} of ${rows[name].guards} (${percent(rows[name]).toFixed(1)} %)`);
  }
  return names.every((name) => !required.includes(name) || percent(rows[name]) >= least);
}

/// Whether the committed scores are good and of the present code, and whether a few guards are really missed.
function check() {
  const rows = readReport();
  let good = true;
  const complain = (text) => { good = false; console.log(`mutation: ${text}`); };
  for (const name of Object.keys(groups)) {
    if (!rows[name] || rows[name].hash !== hashOf(name)) {
      complain(`the score of ${name} is not of the present code: run contracts/mutate.sh ${name} and commit contracts/mutation.md`);
    } else if (required.includes(name) && percent(rows[name]) < least) {
      complain(`${name} has ${percent(rows[name]).toFixed(1)} %, needs ${least} %`);
    }
  }
  console.log(`mutation scores: ${required.filter((name) => rows[name]).map((name) => `${name} ${percent(rows[name]).toFixed(1)} %`).join(', ')}`);
  const guards = build(required, false);
  let noticed = 0;
  for (let i = 0; i < SAMPLE; ++i) {
    const name = required[i % required.length];
    const known = guards[name].filter((guard) => !rows[name]?.left.includes(textOf(guard)));
    // Which one follows from the code: the same for the same code, others when it changes.
    const at = parseInt(hashOf(name).slice(i, i + 8), 16) % known.length;
    noticed += 1 - survivors(name, [known[at]]).length;
  }
  console.log(`mutation sample: ${noticed} of ${SAMPLE} noticed`);
  return good && noticed === SAMPLE;
}

function list(names) {
  const guards = prepare([]);
  for (const name of names) for (const guard of guards[name]) console.log(`${guard.file}:${guard.line} ${guard.inside}: ${guard.what}`);
  return true;
}

try {
  const words = process.argv.slice(2);
  const names = words.filter((word) => !word.startsWith('--'));
  for (const word of words) {
    if (!(word in groups) && !['--check', '--list'].includes(word)) {
      throw new Error(`${word} is neither a group (${Object.keys(groups).join(', ')}) nor an option (--check, --list, --help)`);
    }
  }
  const chosen = names.length ? names : Object.keys(groups);
  const good = words.includes('--list') ? list(chosen) : words.includes('--check') ? check() : full(chosen);
  process.exit(good ? 0 : 1);
} catch (error) {
  console.error(`mutate: ${error.message}`);
  process.exit(2);
}
