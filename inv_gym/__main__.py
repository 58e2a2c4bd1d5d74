"""``python -m inv_gym`` is the command ``inv-gym``."""

from inv_gym.commands import main

if __name__ == "__main__":
    main()
