set :application, "shop"
set :repo_url, "@REPOSITORY@"
set :branch, "main"
set :deploy_to, "@ROOT@"
set :linked_dirs, fetch(:linked_dirs, []).push("log")
set :sites, { "shop" => 80, "blog" => 8080 }

before "deploy:updated", "config:upload"
after "deploy:finished", "config:announce"
