#!/usr/bin/env node
// Prints addresses and ABI of everything that a network file names, as one JSON document for other programs.
//   tools/export.js NETWORK.json
'use strict';
const fs = require('fs');
const path = require('path');

const special = { snm: 'SNM', sno: 'SNO', dao: 'DAO', profiles: 'ProfileRegistry', oracle: 'PriceOracle', sale: 'TokenSale' };
/// As network files name a contract -> as its source does: hub_factory -> HubFactory.
const contractOf = (name) =>
  special[name] || name.split('_').map((word) => word[0].toUpperCase() + word.slice(1)).join('');

function main([file]) {
  if (!file) throw new Error('usage: tools/export.js NETWORK.json (`sonm devnet up` and `sonm contracts deploy` write one)');
  const network = JSON.parse(fs.readFileSync(file, 'utf8'));
  const contracts = {};
  for (const [name, address] of Object.entries(network.contracts || {})) {
    const artifact = path.join(path.dirname(__dirname), 'artifacts', `${contractOf(name)}.json`);
    contracts[name] = { address, contract: contractOf(name), abi: JSON.parse(fs.readFileSync(artifact, 'utf8')).abi };
  }
  const { name, chain_id, start_block } = network;
  console.log(JSON.stringify({ name, chain_id, start_block, contracts }, null, 1));
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(`export: ${error.message}`);
  process.exit(1);
}
