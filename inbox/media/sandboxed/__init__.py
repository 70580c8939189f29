"""Everything that opens a file from outside runs here, in a child process that `core.sandbox` locks in.

Nothing below this folder imports Django, reads settings or opens a connection, and every import stands at the top of
its module: after the lock nothing can be imported. The modules beside this folder start the children and check what
they leave.
"""
