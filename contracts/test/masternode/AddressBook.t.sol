// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {AddressBook} from "../../src/AddressBook.sol";
import {vm} from "../base/Vm.sol";

/// Versions of contracts by name.
contract AddressBookTest {
    bool public IS_TEST = true;
    AddressBook private book = new AddressBook(address(this));

    function test_new_versions_stand_beside_the_old_ones() public {
        book.enter("Market", address(1));
        book.enter("Market", address(2));
        (address to, uint256 version) = book.find("Market");
        vm.assertEq(to, address(2), "new business");
        vm.assertEq(version, 2, "version");
        vm.assertEq(book.entryOf("Market", 1), address(1), "drains");
        vm.assertEq(book.entryOf("Market", 0), address(0), "no such");
        vm.assertEq(book.entryOf("Market", 3), address(0), "no such");
        (to, version) = book.find("Nothing");
        vm.assertEq(version, 0, "nothing");
    }

    function test_nothing_new__refused() public {
        book.enter("Market", address(1));
        vm.expectPartialRevert(AddressBook.NothingNew.selector);
        book.enter("Market", address(1));
        vm.expectPartialRevert(AddressBook.NothingNew.selector);
        book.enter("Market", address(0));
    }

    function test_stranger__refused() public {
        vm.prank(address(5));
        vm.expectPartialRevert(Ownable.OwnableUnauthorizedAccount.selector);
        book.enter("Market", address(1));
    }
}
