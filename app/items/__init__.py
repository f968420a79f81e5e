"""Items (事项, 实施清单): their content, codes, and what follows from comparing two of them."""
