"""Pictures of orders: of optimal policies, heuristics and networks."""
