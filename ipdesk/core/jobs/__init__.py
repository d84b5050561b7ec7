"""Long work behind one small interface.

``requests.request(kind, args, actor)`` writes a row in the transaction of the fact that calls for the work;
``work.pump(now)``, a job of the worker's round, starts it and takes over what a dead worker left;
``kinds.register(kind, steps)`` says what the work is. ``engine`` is the only file that knows the durable engine.
"""
