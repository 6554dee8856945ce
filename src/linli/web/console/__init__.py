"""The console: where the catalogue, the organisation and the record are looked after."""
