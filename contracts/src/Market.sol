// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IMarket} from "./interfaces/IMarket.sol";
import {ITerms} from "./interfaces/ITerms.sol";
import {Balances} from "./market/Balances.sol";
import {Book} from "./market/Book.sol";
import {Changes} from "./market/Changes.sol";
import {Deals} from "./market/Deals.sol";
import {Signed} from "./market/Signed.sol";

/// @title The market, see {IMarket}
contract Market is IMarket, Signed, Changes {
    /// @param admin May pause; later the DAO.
    /// @param token_ What is paid.
    /// @param terms_ The rules of matching, with the blacklist and the oracle that they use.
    constructor(address admin, IERC20 token_, ITerms terms_)
        Ownable(admin)
        Balances(token_)
        Book(terms_.oracle())
        Deals(terms_)
    {}
}
