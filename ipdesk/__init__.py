"""ipdesk: a self-hosted desk for intellectual-property complaints on marketplaces."""
