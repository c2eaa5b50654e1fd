"""Stages on other machines: a stage with `meta.pool` is made by an agent of that Prefect work pool.

The coordinator (`headwater run`) decides, records and never leaves; an agent gets an order, makes one stage of one
commit, and leaves its result in the DVC remote.

    order.py    what an agent is told, and what it answers: plain data
    source.py   git: where the coordinator stands, and the agent's checkout of it
    perform.py  what an agent does with an order; no Prefect
    flow.py     the same as a Prefect flow, with its sign of life
    coordinator.py  the coordinator's side: who makes what, orders out, results in; no Prefect
    signs.py    whether an agent still lives
    pool.py     an order's way through a Prefect work pool: send, wait, give up, take over
"""
