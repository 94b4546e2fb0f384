"""From facts to sentences, in every language Vigie speaks. Pure, and ignorant of Discord."""
