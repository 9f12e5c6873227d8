// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount} from "../Types.sol";
import {Units} from "./HubTypes.sol";

/// What a buyer orders.
struct JobOrder {
    /// Wallet of the hub.
    address hub;
    /// Hash of the terms: what is to be computed and how results are judged.
    bytes32 terms;
    /// How many units.
    Units units;
    /// For one unit, 1e-18 SNM.
    Amount price;
    /// How results are verified: names the referee of disputes.
    uint8 verification;
    /// Last second (Unix time) in which results may be delivered.
    uint40 deadline;
    /// How long the buyer may look at a part before it counts as accepted, seconds.
    uint24 review;
    /// Most parts in which results may be delivered.
    uint16 partsMax;
}

/// A job as it stands.
struct Job {
    address buyer;
    Amount price;
    address hub;
    /// All that can still be delivered or was: less than ordered after a reclaim.
    Units units;
    Units delivered;
    /// What the DAO gets of each payment, 1/10,000. Fixed when the job was created.
    uint16 feeBps;
    uint8 verification;
    bool accepted;
    /// The hub's owner: speaks for it.
    address operator;
    uint40 deadline;
    uint24 review;
    uint16 partsMax;
    uint16 parts;
}

/// Delivered → Settled; or Delivered → Disputed → Ruled → Settled, with Appealed (the court) before Settled.
enum PartStatus {
    None,
    /// The buyer looks at it until {Part-due}; then it is accepted.
    Delivered,
    /// The referee decides until {Part-due}; then it goes to the court.
    Disputed,
    /// The referee has decided; it holds unless somebody appeals before {Part-due}.
    Ruled,
    /// The court decides until {Part-due}; then the referee's word holds, and without one both get half.
    Appealed,
    Settled
}

enum Appellant {
    Nobody,
    Buyer,
    Hub
}

/// Results delivered together.
struct Part {
    PartStatus status;
    Units units;
    /// How many units the referee found good, if {ruled}.
    Units good;
    /// Whether the referee has spoken.
    bool ruled;
    /// Who appealed with a bond.
    Appellant appellant;
    /// Unix time.
    uint40 due;
    /// Of the buyer; an appellant's is as large. 1e-18 SNM.
    Amount bond;
    /// Merkle root of the results.
    bytes32 root;
}
