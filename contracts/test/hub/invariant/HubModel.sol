// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// The table of hub wallets, written down a second time, in another way: for one wallet, with payments in a list of sums
/// and no token. The handler asks it before each call what must happen, and compares afterwards.
contract HubModel {
    enum Call {
        Fund,
        Register,
        Pay,
        Draw,
        Payday,
        Withdraw,
        Suspect,
        Rehabilitate,
        Ban
    }

    uint256 private constant DAY = 86_400;
    uint256 private constant SNM = 10 ** 18;

    address public immutable owner;
    address public immutable dao;
    string public state = "Created";
    /// All money, what of it is nobody's at the moment, and what is each miner's.
    uint256 public free;
    uint256 public frozen;
    uint256 public owed;
    mapping(address miner => uint256) public due;
    uint256 public scheduledEnd;
    uint256 public suspectedAt;
    uint256 public toDao;
    uint256 public toVault;

    constructor(address owner_, address dao_) {
        owner = owner_;
        dao = dao_;
    }

    function isIn(string memory name) public view returns (bool) {
        return keccak256(bytes(state)) == keccak256(bytes(name));
    }

    /// Whether the table lets `by` make this call now.
    function allows(Call call, address by, address to, uint256 amount, uint256 time)
        public
        view
        returns (bool)
    {
        bool moves = amount > 0 && to != address(0);
        if (call == Call.Fund) return amount > 0 && !isIn("Punished");
        if (call == Call.Register) return by == owner && (isIn("Created") || isIn("Idle")) && free >= SNM;
        if (call == Call.Pay) {
            return by == owner && isIn("Registered") && moves && free >= amount + lock(amount);
        }
        if (call == Call.Draw) return amount > 0 && due[by] >= amount;
        if (call == Call.Payday) return isIn("Registered") && time >= scheduledEnd;
        if (call == Call.Withdraw) return by == owner && isIn("Idle") && moves && free >= amount;
        if (call == Call.Suspect) return by == dao && isIn("Registered");
        if (call == Call.Rehabilitate) {
            return isIn("Suspected") && (by == dao || time >= suspectedAt + 150 * DAY);
        }
        return by == dao && isIn("Suspected") && time >= suspectedAt + 120 * DAY;
    }

    function lock(uint256 amount) public pure returns (uint256) {
        return amount * 3 / 10 + (amount * 3 % 10 == 0 ? 0 : 1);
    }

    function apply_(Call call, address by, address to, uint256 amount, uint256 time) external {
        if (call == Call.Fund) {
            if (isIn("Suspected")) frozen += amount;
            else free += amount;
        } else if (call == Call.Register) {
            free -= SNM;
            frozen = SNM;
            bool follows = scheduledEnd != 0 && time < scheduledEnd + 30 * DAY;
            scheduledEnd = (follows ? scheduledEnd : time) + 30 * DAY;
            state = "Registered";
        } else if (call == Call.Pay) {
            free -= amount + lock(amount);
            frozen += lock(amount);
            owed += amount;
            due[to] += amount;
        } else if (call == Call.Draw) {
            owed -= amount;
            due[by] -= amount;
        } else if (call == Call.Payday) {
            uint256 fee = frozen / 200 + (frozen % 200 == 0 ? 0 : 1);
            toDao += fee;
            free += frozen - fee;
            frozen = 0;
            state = "Idle";
        } else if (call == Call.Withdraw) {
            free -= amount;
        } else if (call == Call.Suspect) {
            frozen += free;
            free = 0;
            scheduledEnd = 0;
            suspectedAt = time;
            state = "Suspected";
        } else if (call == Call.Rehabilitate) {
            free = frozen;
            frozen = 0;
            suspectedAt = 0;
            state = "Idle";
        } else {
            toVault += frozen;
            frozen = 0;
            state = "Punished";
        }
    }
}
