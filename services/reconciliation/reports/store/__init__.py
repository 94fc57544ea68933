"""All SQL of reports: `figures` what they say, `rows` what is behind, `closings` what is kept."""
