"""Who paid what to whom, and whether every token is accounted for."""
from decimal import Decimal

COIN = Decimal(10) ** 18


class Books:
    """Balances of the accounts at the start, compared at the end with the deals between them."""

    def __init__(self, sonm, accounts):
        self.sonm, self.accounts = sonm, accounts
        self.before = self.balances()

    def balances(self):
        """All free SNM of each account, in its wallet and in the market, in the smallest unit. Nothing is bound when no deal is open."""
        return {name: total(self.sonm("balance", key=key)) for name, key in self.accounts.items()}

    def frozen(self, deal):
        """What the bid put aside for the deal."""
        return int(self.sonm("order", "show", deal["bid"], key=self.accounts["buyer"])["escrow"])

    def close(self, show):
        """Prints the tables. True if no token was made or lost, and each account changed by what its deals say."""
        after = self.balances()
        deals = {deal["id"]: deal for key in self.accounts.values() for deal in self.sonm("deal", "ls", "--all", key=key)}
        addresses = {self.sonm("balance", key=key)["account"]: name for name, key in self.accounts.items()}
        show.step("what it cost")
        show.table(["deal", "supplier", "bid", "seconds", "SNM frozen", "SNM paid", "SNM refunded"],
                   [[number, addresses.get(deal["supplier"], deal["supplier"][:10]), deal["bid"][:10], deal["seconds"],
                     snm(frozen := self.frozen(deal)), snm(deal["paid"]), snm(frozen - int(deal["paid"]))]
                    for number, deal in sorted(deals.items())])
        expected = dict.fromkeys(self.accounts, 0)
        for deal in deals.values():
            for party, sign in (("supplier", 1), ("consumer", -1)):
                if deal[party] in addresses:
                    expected[addresses[deal[party]]] += sign * int(deal["paid"])
        changes = {name: after[name] - self.before[name] for name in self.accounts}
        show.table(["account", "SNM before", "SNM after", "change"],
                   [[name, snm(self.before[name]), snm(after[name]), snm(changes[name])] for name in self.accounts])
        conserved = sum(changes.values()) == 0 and changes == expected
        show.step(f"conserved: {'yes' if conserved else 'NO: the deals say ' + str(expected) + ', the balances ' + str(changes)}")
        return conserved


def total(balance):
    return int(balance["wallet"]) + int(balance["market"])


def snm(amount):
    return f"{Decimal(int(amount)) / COIN:.9f}"
