server 'staging.example.com', user: 'deploy', roles: %w{app web db}, ssh_options: { port: 2222 }
set :branch, 'main'
