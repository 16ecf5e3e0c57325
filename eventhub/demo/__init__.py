"""The demonstration: last season's programmes told through the services, from sign-up to calendar."""
