// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount} from "../Types.sol";

/// Names a job for ever: counted from 1 in the order of creation.
type JobId is uint64;

/// Pieces of work in a job.
type Units is uint32;

/// What a rater thinks of a hub: -5 to 5, not 0.
type Mark is int8;

/// Life of a hub's wallet. Created → Registered → Idle → Registered ...; Registered → Suspected → Idle | Punished.
enum HubState {
    Created,
    Registered,
    Idle,
    Suspected,
    Punished
}

/// All that a hub's wallet knows of its money. Free = funds - frozen - owed.
struct HubAccount {
    HubState state;
    /// Registered: when payday may come, Unix time. Idle after a payday: when it might have come. Else 0.
    uint40 periodEnd;
    /// All money here.
    Amount funds;
    /// Locked until payday; under suspicion: all that is not owed.
    Amount frozen;
    /// Allowed to miners and not drawn.
    Amount owed;
    /// When the suspicion began, Unix time. Suspected and Punished only, else 0.
    uint40 suspectedAt;
}

/// What the whitelist says about a hub. The first three are the DAO's opinion.
enum HubStatus {
    Unverified,
    Verified,
    Trusted,
    Suspected,
    Banned
}
