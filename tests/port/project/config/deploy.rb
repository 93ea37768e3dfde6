# The wiki.
set :application, 'wiki'
set :repo_url, 'https://git.example.com/wiki.git'
set :deploy_to, "/srv/wiki/#{fetch(:stage)}"
set :linked_dirs, %w[log uploads]
set :node_env, fetch(:env_of_node, 'production')

after 'deploy:published', 'wiki:reindex'
