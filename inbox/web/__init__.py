"""The pages people see: views, the queries behind them, and presenters of what templates show."""
