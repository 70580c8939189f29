"""The pages: one module per thing a person looks at."""
