#!/usr/bin/env node
// Writes gas.md from the snapshots that the gas test left (forge test --isolate --match-path 'test/gas/*').
//   tools/gas.js            write it
//   tools/gas.js --check    fail if gas.md says something else
'use strict';
const fs = require('fs');
const path = require('path');

const root = path.dirname(__dirname);
const file = path.join(root, 'gas.md');
const gas = JSON.parse(fs.readFileSync(path.join(root, 'out', 'snapshots', 'market.json'), 'utf8'));

// Operation, its gas in SONM of 2018-2020 on the same EVM, the bound that the test holds it to.
const compared = [
  ['place ask', 289481, 60000],
  ['place bid', 341588, 70000],
  ['open deal from the book', 569255, 85000],
  ['ask + bid + open', 1200324, 215000],
  ['settle one deal', 109074, 48000],
  ['close with refund', 115990, 50000],
  ['match two signed orders', 0, 110000],
  ['match two signed orders, batch of 10, same parties, per deal', 0, 65000],
  ['settle, batch of 50, per deal', 109074, 20000],
];

// Tables of other parts: their snapshot, their heading.
const further = [
  ['hub', 'Hubs, jobs, votes'],
  ['masternode', 'Masternodes, price, bridge, rewards (four masternodes, all sign)'],
].map(([group, title]) => {
  const snapshot = JSON.parse(fs.readFileSync(path.join(root, 'out', 'snapshots', `${group}.json`), 'utf8'));
  return { title, rows: Object.entries(snapshot).sort(([a], [b]) => (a < b ? -1 : 1)) };
});

const number = (n) => (n === undefined ? '?' : Number(n).toLocaleString('en-US'));
const names = compared.map(([name]) => name);
const others = Object.keys(gas).filter((name) => !names.includes(name)).sort();

const text = `# Gas

Each operation as a transaction of its own, intrinsic gas and calldata included, on the committed artifacts (via-ir).
12 benchmarks, 3 netflags; every account has dealt before, so that its balance slot is in use (a first payment to a new
account costs 17,100 more, once), nobody keeps or follows a blacklist (asking the lists costs some 11,000 more), and the
word of the accounts' nonces is in use. Printed by \`contracts/test.sh\` (\`forge test --isolate --match-path 'test/gas/*'\`,
then \`tools/gas.js\`), which fails beyond a bound.

| operation | SONM then | now | bound | then / now |
|---|---:|---:|---:|---:|
${compared.map(([name, then, bound]) => `| ${name} | ${then ? number(then) : '–'} | ${number(gas[name])} | ${number(bound)} | ${then ? (then / gas[name]).toFixed(1) : '–'} |`).join('\n')}

| operation that SONM then had not, or that was not compared | now |
|---|---:|
${others.map((name) => `| ${name} | ${number(gas[name])} |`).join('\n')}
${further.map(({ title, rows }) => `
## ${title}

| operation | gas |
|---|---:|
${rows.map(([name, value]) => `| ${name} | ${number(value)} |`).join('\n')}
`).join('')}`;

if (!process.argv.includes('--check')) {
  fs.writeFileSync(file, text);
} else if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text) {
  console.error('contracts: gas.md differs from what was measured. Run contracts/tools/gas.js and commit it.');
  process.exit(1);
}
console.log(compared.map(([name, , bound]) => `  ${name.padEnd(26)}${number(gas[name]).padStart(8)} of ${number(bound)} gas`).join('\n'));
