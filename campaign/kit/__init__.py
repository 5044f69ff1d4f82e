"""What every package stands on: clock, money, errors, database, redis, queue, signing, paging."""
