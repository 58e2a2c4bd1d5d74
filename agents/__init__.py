"""Learning agents for inv_gym."""

import inv_gym

if not hasattr(inv_gym, "make_problem"):  # another distribution's package may use the same top-level names
    raise ImportError("agents belongs to inv_gym, but another package of that name was found: check sys.path.")
