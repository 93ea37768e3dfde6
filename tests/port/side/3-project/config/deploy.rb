set :application, "shop"
set :repo_url, "@REPOSITORY@"
set :branch, "main"
set :deploy_to, "@ROOT@"
set :linked_dirs, fetch(:linked_dirs, []).push("log")
set :sites, { "blog" => 8080, "shop" => 80 }

before "deploy:updated", "config:upload"
after "deploy:finished", "config:announce"
