"""What rules are fitted with: search, scenarios, estimates."""
