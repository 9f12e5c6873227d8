// What the mutation check covers: each group's sources, and the folders of the tests that run when a guard is missing.
// Invariant tests (last) run only when the others notice nothing.
'use strict';

const masternodes = ['test/masternode', 'test/masternode/invariant'];
const hubs = ['test/hub', 'test/hub/invariant'];
const market = ['test', 'test/market', 'test/invariant'];

exports.groups = {
  Market: { sources: ['src/Market', 'src/market/*'], tests: market },
  HubWallet: { sources: ['src/hub/HubWallet', 'src/lib/Amounts'], tests: hubs },
  Masternodes: { sources: ['Masternodes', 'Signers', 'MirrorSet', 'PriceReports'].map((name) => `src/masternode/${name}`),
                 tests: masternodes },
  Gatekeeper: { sources: ['src/masternode/Gatekeeper', 'src/lib/Purse'], tests: masternodes },
  Coordinator: { sources: ['Coordinator', 'Pots', 'Selection', 'Participants'].map((name) => `src/masternode/${name}`)
                            .concat('src/lib/MerkleSum'),
                 tests: masternodes },
  Profiles: { sources: ['ProfileRegistry', 'Blacklist', 'PriceOracle', 'Terms'].map((name) => `src/${name}`), tests: market },
  Hubs: { sources: ['Whitelist', 'Ratings', 'ApplicationPool', 'JobEscrow', 'JobMoney'].map((name) => `src/hub/${name}`),
          tests: hubs },
  Signatures: { sources: ['src/lib/Signatures'], tests: ['test/market', 'test/masternode'] },
  Rest: { sources: ['src/dao/*', 'src/token/*', 'src/SNM', 'src/AddressBook'],
          tests: ['test/dao', 'test/token', 'test/masternode', 'test/token/invariant'] },
};

/// The groups that must reach the score.
exports.required = ['Market', 'HubWallet', 'Masternodes', 'Gatekeeper', 'Coordinator', 'Signatures'];
exports.least = 95;

/// Guards that nothing can show to be missing, with the reason: '<contract>.<function>: <guard>'.
exports.reasons = {
  'JobMoney.collect: _debit(hub, msg.sender, amount)': 'the amount is the balance, just read',
  'JobMoney.collect: _debit(hub, hub, amount)': 'the amount is the balance, just read',
  'Pots._claim: leaf.amount > pot.sum - pot.claimed':
    'the leaves of one tree sum to its root, so nobody can get here; it stays as the last wall before the money',
};
