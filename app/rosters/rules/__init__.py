"""Pure decisions about rosters: `columns` reads cells, one module per kind of roster judges its rows."""
