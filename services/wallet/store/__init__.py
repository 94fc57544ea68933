"""All SQL of the wallet, and why a batch's work is safe beside other writers.

A batch (`links`) goes through four steps in one transaction at READ COMMITTED:

1. Lock the rows of unstriped accounts it touches in (account, stripe) order: those of the legs it
   brings, and those of the stored legs it resolves. Everybody locks in this order and before
   anything else, so writers queue and do not deadlock. The totals come back as of the lock, and
   every account with a limit is among them.
2. Take the sequences of its stripes, in stripe order: every command has one answer, in the stripe
   of its funding account. That locks the stripes, and with them the rows of striped accounts, which
   belong to the links of their stripe. These have no limit, so nobody reads their totals to decide.
3. In a later statement, hence on a later snapshot, read links, resolutions and refusals; decide.
   A link has one funding account, so whoever wrote under the same id held the same stripe, has
   committed by now, and is seen. Legs that appeared between 1 and 3 are locked in a second round.
4. Insert, and add the changes to the totals.

Only a sender that uses one link id with two funding accounts gets past the stripe's lock; primary
keys tell such writers apart. A reserve, a refused one too, and a void that comes before its reserve
insert into `links`, and whatever ends a link into `resolutions`. The loser's unique violation rolls
its whole batch back, totals included, and the unit is run again, this time seeing the winner.
Nothing is ever skipped on conflict beside a change of totals.
"""
