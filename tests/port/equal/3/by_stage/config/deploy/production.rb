server "app1", roles: %w[app]
set :workers, 4 if fetch(:stage) == :production
