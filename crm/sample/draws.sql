-- Chance without a random number: every choice is a hash of the seed and of what is chosen, so
-- neither threads nor the order of rows nor the size of a batch can change a byte.

-- hashed twice: two hashes of one row that differ in the salt alone would differ by a constant
create macro draw(salt, i) as
    (hash(hash(salt, i::bigint, getvariable('seed')::bigint)) >> 11) / 9007199254740992.0;
create macro whole(salt, i, n) as floor(draw(salt, i) * n)::bigint;
create macro one_of(options, salt, i) as options[1 + whole(salt, i, len(options))];

-- exponential with mean 1; the sum of n of them is Erlang; standard normal; median 1
create macro waiting(salt, i) as -ln(1 - draw(salt, i));
create macro normal(salt, i) as
    sqrt(2 * waiting(salt, i)) * cos(2 * pi() * draw(salt || ' angle', i));
create macro spread(salt, i, sigma) as exp(sigma * normal(salt, i));

-- days count from 2024-01-01; the history ends with 2026-06-30
set variable days = 912;
create macro on_day(day) as date '2024-01-01' + day::int;
create macro at_second(day, second) as
    make_timestamp(1704067200000000 + (day::bigint * 86400 + second::bigint) * 1000000);
create macro day_of(moment) as datediff('day', date '2024-01-01', moment::date);

create macro customer_id_of(i) as lpad((1000 + i)::varchar, 7, '0');
create macro order_id_of(order_no) as lpad(order_no::varchar, 11, '0');
