"""What people and programs do to a store, told to the plugins that keep a record of it (`record_operation`)."""
