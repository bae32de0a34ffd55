"""LISTEN and NOTIFY: a trigger tells what has changed."""

from __future__ import annotations

from messages import messages, query

from pglite_native import Engine

SETUP = """
create table stock (item text primary key, amount int);
create function tell() returns trigger language plpgsql as $$
begin
    perform pg_notify('stock', new.item || ' ' || new.amount);
    return new;
end $$;
create trigger tell after insert or update on stock for each row execute function tell();
listen stock
"""

CHANGE = """
insert into stock values ('tea', 10), ('salt', 3);
update stock set amount = amount - 1 where item = 'tea'
"""

with Engine() as engine:
    engine.exec_protocol_raw(query(SETUP))
    for kind, payload in messages(engine.exec_protocol_raw(query(CHANGE))):
        if kind == "A":  # NotificationResponse: process, channel, payload
            channel, content, _ = payload[4:].split(b"\0")
            print(channel.decode(), content.decode())

# prints:
#   stock tea 10
#   stock salt 3
#   stock tea 9
