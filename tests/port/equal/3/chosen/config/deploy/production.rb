server "app1", roles: %w[app]
