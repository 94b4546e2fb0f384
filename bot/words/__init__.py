"""Sentences in every language, pure: from facts to text in the markdown that Discord reads."""
