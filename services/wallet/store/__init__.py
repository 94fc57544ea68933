"""All SQL of the wallet, and why a batch's work is safe beside other writers.

A batch (`links`) goes through four steps in one transaction at READ COMMITTED:

1. Lock the rows of unstriped accounts it touches in (account, stripe) order: those of the legs it
   brings, and those of the stored legs it resolves. Everybody locks in this order and before
   anything else, so writers queue and do not deadlock. The totals come back as of the lock, and
   every account with a limit is among them.
2. In a later statement, hence on a later snapshot, read links, resolutions and refusals. Whoever
   held a common account row has committed by then, so its effects are seen. Legs that appeared
   between 1 and 2 are locked in a second round.
3. Decide. Take the sequences of the stripes, in stripe order, after all account rows. A striped
   account's row belongs to the links of its stripe, so the stripe's lock covers it too; it has no
   limit, so nobody reads its totals to decide.
4. Insert, and add the changes to the totals.

Two writers that share a link but no account row, because one of them cannot know its legs, are told
apart by primary keys. A reserve and a void that comes before it both insert into `links`; a post
and a void both insert into `resolutions`; a refused reserve inserts into `links` too. The loser's
unique violation rolls its whole batch back, totals included, and the unit is run again, this time
seeing the winner. Nothing is ever skipped on conflict beside a change of totals. Two batches with
the same links have the same stripes, so step 3 lets only one of them insert at a time.

What may differ in order is harmless: a post that finds no link stores its refusal, and a reserve
that commits at the same moment stands, as if it had come just after.
"""
