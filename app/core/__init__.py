"""What any service needs: settings, database, clock, errors. It knows neither people nor WeChat."""
